-- Endpoints are known by the order in which they change, and deliveries are found by how they stand.

-- Each change of an endpoint takes the next number, under the lock of this row until it is committed: whoever has read one
-- has read all before it, whatever the clocks of the nodes say.
create table webhook_changes (
    id bigint primary key check (id = 1),
    last_revision bigint not null
);
insert into webhook_changes (id, last_revision) values (1, 0);
alter table webhook_endpoints add column revision bigint not null default 0;
drop index webhook_endpoints_changed;
create index webhook_endpoints_by_revision on webhook_endpoints (revision);

-- In place of those without the status: a list of a status reads what it shows, and one of all merges four.
drop index webhook_deliveries_of_endpoint;
drop index webhook_deliveries_of_workspace;
create index webhook_deliveries_of_endpoint on webhook_deliveries (endpoint_id, status, created_at, id);
create index webhook_deliveries_of_workspace on webhook_deliveries (workspace_id, status, created_at, id);
