-- Keys of back-end clients. Only a keyed hash of the secret is kept.

create table api_keys (
  id text primary key,
  workspace_id text not null,
  created_by text not null references users (id),
  name text not null check (length(name) between 1 and 80),
  prefix text not null,
  key_hash text not null unique,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint,
  foreign key (workspace_id) references workspaces (id),
  unique (workspace_id, id)
);
create index api_keys_of_workspace on api_keys (workspace_id, created_at, id);
