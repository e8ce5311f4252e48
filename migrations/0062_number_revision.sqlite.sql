create trigger tenant_numbers_inserted after insert on tenant_numbers
begin
    update tenant_numbers_revision set revision = revision + 1;
end;
create trigger tenant_numbers_updated after update of e164, status on tenant_numbers
begin
    update tenant_numbers_revision set revision = revision + 1;
end;
create trigger tenant_numbers_deleted after delete on tenant_numbers
begin
    update tenant_numbers_revision set revision = revision + 1;
end;
