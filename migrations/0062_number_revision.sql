-- Counts changes of which numbers are active, so that nodes read their list anew only when it is another.
create table tenant_numbers_revision (
    id bigint primary key check (id = 1),
    revision bigint not null
);
insert into tenant_numbers_revision (id, revision) values (1, 1);
