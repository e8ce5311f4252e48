-- A ledger is mostly calls: what else moved is found without reading them, and they pay nothing for it.
create index wallet_ledger_by_kind on wallet_ledger (workspace_id, kind, seq) where kind <> 'call';
