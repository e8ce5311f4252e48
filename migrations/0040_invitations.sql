-- Invitations by mail. Only a keyed hash of the link's token is kept; rows stay after their end.

create table invitations (
  id text primary key,
  workspace_id text not null references workspaces (id),
  email text not null check (email = lower(email)),
  role text not null check (role in ('owner', 'admin', 'developer', 'finance', 'viewer')),
  token_hash text not null unique,
  invited_by text not null references users (id),
  state text not null default 'open' check (state in ('open', 'accepted', 'declined', 'withdrawn')),
  created_at bigint not null,
  expires_at bigint not null check (expires_at > created_at),
  closed_at bigint check ((closed_at is null) = (state = 'open')),
  unique (workspace_id, id)
);
create unique index invitations_one_open on invitations (workspace_id, email) where state = 'open';
create index invitations_of_workspace on invitations (workspace_id, created_at, id);
