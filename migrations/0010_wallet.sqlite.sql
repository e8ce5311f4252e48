-- Append-only: no entry is ever changed or removed. (SQLite has no TRUNCATE; its DELETE fires the trigger.)
create trigger wallet_ledger_no_update before update on wallet_ledger
begin
    select raise(abort, 'wallet_ledger is append-only');
end;

create trigger wallet_ledger_no_delete before delete on wallet_ledger
begin
    select raise(abort, 'wallet_ledger is append-only');
end;
