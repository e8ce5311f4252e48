-- What was sent and answered beside the bodies: the signature of the request, and the answer's headers, a line each.

alter table webhook_attempts add column signature text;
alter table webhook_attempts add column answer_headers text;
