-- A call's record is written by its node's record writer: the debit is part of the end's transaction, so nothing is due and
-- unbilled in between.

drop index calls_unbilled;
alter table calls drop column cost_due_minor;
create index calls_open_of_node on calls (node_id) where ended_at is null;

-- Nodes that write calls. One whose lease has lapsed is dead: any other closes its calls and gives its holds back.
create table nodes (
    id text primary key,
    lease_until bigint not null
);

-- What a node's live calls may still use up of a workspace's money, in the manner of RFC 8506: granted to the node, drawn by
-- its calls in memory. wallets.held_minor is the sum over the nodes.
create table wallet_holds (
    node_id text not null,
    workspace_id text not null references wallets (workspace_id),
    held_minor bigint not null check (held_minor between 0 and 9000000000000000),
    primary key (node_id, workspace_id)
);
create index wallet_holds_of_workspace on wallet_holds (workspace_id);

-- Whether live calls may overdraw (`finish_call`) or end on the last second that the balance pays for (`none`).
alter table wallets add column overdraft_policy text not null default 'finish_call'
    check (overdraft_policy in ('finish_call', 'none'));

-- Counts changes of the price list, so that nodes read it anew only when it is another.
create table price_list_revision (
    id bigint primary key check (id = 1),
    revision bigint not null
);
insert into price_list_revision (id, revision) values (1, 1);
