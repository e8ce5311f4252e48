-- People, tenants, and how people sign in.

create table users (
  id text primary key,
  email text not null unique check (email = lower(email)),
  name text not null default '',
  is_operator bigint not null default 0 check (is_operator in (0, 1)),
  created_at bigint not null
);

create table workspaces (
  id text primary key,
  name text not null,
  country text not null check (length(country) = 2),
  currency text not null check (length(currency) = 3),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at bigint not null,
  unique (id, currency)
);

create table members (
  workspace_id text not null references workspaces (id),
  user_id text not null references users (id),
  role text not null check (role in ('owner', 'admin', 'developer', 'finance', 'viewer')),
  created_at bigint not null,
  primary key (workspace_id, user_id)
);
create index members_of_user on members (user_id, created_at);

-- Only a keyed hash of the token is kept. Rows stay after use, so that a second use can be told from an unknown token.
create table magic_links (
  id text primary key,
  email text not null,
  token_hash text not null unique,
  created_at bigint not null,
  expires_at bigint not null check (expires_at > created_at),
  used_at bigint
);
create index magic_links_of_address on magic_links (email, created_at);

create table sessions (
  id text primary key,
  user_id text not null references users (id),
  token_hash text not null unique,
  workspace_id text references workspaces (id),
  created_at bigint not null,
  last_used_at bigint not null,
  revoked_at bigint
);
create index sessions_of_user on sessions (user_id, created_at);
