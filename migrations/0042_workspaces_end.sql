-- Deleted workspaces keep their rows (ledger, calls and audit log refer to them) but no members, keys or numbers.

alter table workspaces add column deleted_at bigint;
create index workspaces_by_age on workspaces (created_at, id);
-- The audit log is read by kind as well.
create index audit_log_of_kind on audit_log (workspace_id, action_kind, created_at, id);
