-- Keys that sign SIP tokens, sealed under the master key. The newest signs; older ones verify until their last token expired.
create table sip_signing_keys (
  kid text primary key,
  secret text not null,
  created_at bigint not null,
  verifies_until bigint
);

-- Live tokens: what digest authentication needs (HA1 per algorithm, sealed), until they expire.
create table sip_tokens (
  jti text primary key,
  workspace_id text not null references workspaces (id),
  identity text not null check (length(identity) between 1 and 64),
  claims text not null,
  ha1 text not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index sip_tokens_live on sip_tokens (workspace_id, identity, expires_at);
create index sip_tokens_expiry on sip_tokens (expires_at);
