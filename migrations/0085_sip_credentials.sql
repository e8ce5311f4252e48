-- What devices register and call with. The password is hashed (Argon2id); what digest needs of it (HA1 by MD5 and by SHA-256) is
-- sealed under the master key. A credential ends with its revocation, or with the release of its number.
create table sip_credentials (
  id text primary key,
  workspace_id text not null,
  tenant_number_id text not null,
  label text not null check (length(label) between 1 and 80),
  -- Unique in the installation: it is the whole of what a device says of who it is.
  username text not null unique check (length(username) between 1 and 64),
  password_hash text not null,
  ha1 text not null,
  created_at bigint not null,
  rotated_at bigint,
  revoked_at bigint,
  unique (workspace_id, id),
  foreign key (workspace_id, tenant_number_id) references tenant_numbers (workspace_id, id)
);
create index sip_credentials_by_number on sip_credentials (workspace_id, tenant_number_id, created_at, id);
