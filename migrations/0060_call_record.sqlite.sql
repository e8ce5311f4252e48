-- One write may hold both the answer and the end, so an answered call may go from ringing to completed at once.
drop trigger calls_status_order;
create trigger calls_status_order before update of status on calls
when new.status <> old.status and not (
    (old.status = 'ringing' and new.status in ('answered', 'failed', 'no_answer', 'busy', 'canceled'))
    or (old.status in ('ringing', 'answered') and new.status = 'completed'))
begin
    select raise(abort, 'call status can not move that way');
end;

create trigger destination_prices_inserted after insert on destination_prices
begin
    update price_list_revision set revision = revision + 1;
end;
create trigger destination_prices_updated after update on destination_prices
begin
    update price_list_revision set revision = revision + 1;
end;
create trigger destination_prices_deleted after delete on destination_prices
begin
    update price_list_revision set revision = revision + 1;
end;
