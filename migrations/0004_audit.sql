-- Who wrote what, from where. Append-only by trigger (0004_audit.ENGINE.sql).

create table audit_log (
  id text primary key,
  workspace_id text references workspaces (id),
  actor_kind text not null check (actor_kind in ('user', 'api_key', 'operator', 'system')),
  actor_id text,
  action_kind text not null,
  subject_id text,
  details text not null default '{}',
  ip text,
  created_at bigint not null
);
create index audit_log_of_workspace on audit_log (workspace_id, created_at, id);
