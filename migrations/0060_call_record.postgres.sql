-- One write may hold both the answer and the end, so an answered call may go from ringing to completed at once.
drop trigger calls_status_order on calls;
create trigger calls_status_order before update of status on calls
for each row when (new.status <> old.status and not (
    (old.status = 'ringing' and new.status in ('answered', 'failed', 'no_answer', 'busy', 'canceled'))
    or (old.status in ('ringing', 'answered') and new.status = 'completed')))
execute function calls_status_order();

create function count_price_change() returns trigger language plpgsql as $$
begin
    update price_list_revision set revision = revision + 1;
    return null;
end
$$;
create trigger destination_prices_changed after insert or update or delete on destination_prices
for each statement execute function count_price_change();
