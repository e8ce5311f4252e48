-- A number's second handler, which gets a copy of each voice callback request.
alter table tenant_numbers add column shadow_url text;

-- What came of the copies. A log: written in batches, deleted when it is old.
create table shadow_requests (
  id text not null,
  workspace_id text not null references workspaces (id),
  number_id text not null,
  call_id text not null,
  purpose text not null check (purpose in ('actions', 'final', 'status')),
  outcome text not null check (outcome in ('same', 'different', 'failed', 'recovered')),
  -- Both answers and where they differ, JSON.
  comparison text not null,
  created_at bigint not null,
  foreign key (workspace_id, number_id) references tenant_numbers (workspace_id, id),
  primary key (workspace_id, created_at, id)
);
create index shadow_requests_age on shadow_requests (created_at);
