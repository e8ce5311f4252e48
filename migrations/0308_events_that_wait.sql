-- Each index of the events that wait names a condition that all rows meet and that only the statements meant for it repeat: to PostgreSQL
-- few events wait, whatever there is, and of two indexes that it may use for them it takes either. A look at one workspace read all that
-- waited of every other. What asks for one call repeats none and goes by `events_in_call_order`. A node of the release before reads more
-- than it did until it is replaced.
create index events_waiting on events (created_at, sequence, id)
    where position is null and is_test = 0 and created_at > 0;
create index events_waiting_of on events (workspace_id, created_at, sequence, id)
    where position is null and is_test = 0 and workspace_id > '';
drop index events_unplaced;
drop index events_unplaced_of;
