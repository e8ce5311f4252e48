-- The refund by which a dispute's money left us: Paystack tells it beside the dispute. On the dispute's opening.
alter table provider_reversals add column paid_out_by text;
