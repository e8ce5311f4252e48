-- How far below zero live calls may bring a wallet that may be overdrawn (`finish_call`): the operator's bound. Null is none.
alter table wallets add column overdraft_floor_minor bigint
    check (overdraft_floor_minor between -9000000000000000 and 0);
