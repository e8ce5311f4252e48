-- Events go by when they happened. Most ids begin with that; those that are made of a text do not.

create index events_of_derived_ids on events (created_at) where substr(id, 15, 1) <> '7';
-- Which deliveries an event has: whether one waits still, and whether an endpoint was told at all.
create index webhook_deliveries_of_event on webhook_deliveries (event_id, endpoint_id);
