create function count_number_change() returns trigger language plpgsql as $$
begin
    update tenant_numbers_revision set revision = revision + 1;
    return null;
end
$$;
create trigger tenant_numbers_changed after insert or update of e164, status or delete on tenant_numbers
for each statement execute function count_number_change();
