-- Append-only: no entry is ever changed, removed or truncated.
create function wallet_ledger_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'wallet_ledger is append-only';
end
$$;

create trigger wallet_ledger_no_update before update or delete on wallet_ledger
for each row execute function wallet_ledger_append_only();

create trigger wallet_ledger_no_truncate before truncate on wallet_ledger
for each statement execute function wallet_ledger_append_only();
