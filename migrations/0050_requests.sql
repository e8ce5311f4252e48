-- The request log: what the API was asked on behalf of each workspace. Written in batches, deleted when it is old.

create table requests (
  id text not null,
  workspace_id text not null references workspaces (id),
  request_id text not null,
  method text not null,
  -- The path as the reference names it, and as it was asked for.
  route text not null,
  path text not null,
  status bigint not null check (status between 100 and 599),
  error_code text,
  user_id text not null,
  -- Null when the person asked with a session.
  api_key_id text,
  ip text,
  duration_us bigint not null check (duration_us >= 0),
  created_at bigint not null,
  -- The order in which they are read, and the one index besides their age: each request pays for every index.
  primary key (workspace_id, created_at, id)
);
create index requests_age on requests (created_at);
