-- Idempotency keys: the first insert of the effect's own transaction, so that key and effect exist together or not at all.
-- The answer is sealed, because it can hold a secret shown once.

create table idempotency_keys (
  workspace_id text not null references workspaces (id),
  key text not null check (length(key) between 1 and 255),
  fingerprint text not null,
  status bigint,
  answer text,
  created_at bigint not null,
  expires_at bigint not null,
  primary key (workspace_id, key),
  check ((status is null) = (answer is null)),
  check (status is null or status between 200 and 299)
);
create index idempotency_keys_expiry on idempotency_keys (expires_at);
