-- Rotating a key replaces its secret; the one before works until its overlap ends. Rows stay after it, so that a secret
-- that was replaced can be told from an unknown one. Also from where a key was last used.

create table former_api_key_secrets (
  key_hash text primary key,
  workspace_id text not null,
  api_key_id text not null,
  valid_until bigint not null,
  foreign key (workspace_id, api_key_id) references api_keys (workspace_id, id)
);
create index former_secrets_of_key on former_api_key_secrets (api_key_id, valid_until);
alter table api_keys add column rotated_at bigint;
alter table api_keys add column last_used_ip text;
