//! What the providers have to say, and how it comes: late, twice, in another order, and to a server that dies over it.

use serde_json::{Value, json};

use super::{STRANGER, World, broken_off};
use crate::payments::daraja::{Daraja, OnPush};
use crate::payments::{mpesa, path_of, paybill, paystack};

/// What a provider has to say and has not said yet.
#[derive(Clone)]
pub(super) enum Message {
    Mpesa {
        path: String,
        body: Value,
        from: &'static str,
    },
    /// From now on M-Pesa answers our questions about a push.
    Decided {
        place: usize,
        code: i64,
    },
    Paystack {
        event: &'static str,
        data: Value,
    },
}

impl World {
    /// Somebody pays to the Paybill: M-Pesa has the money, and something to say.
    pub(super) fn pays(&mut self, reference: &str, amount_minor: i64, from_elsewhere: bool) -> String {
        let receipt = format!("RKT{:07}", self.received.len());
        self.received.push((receipt.clone(), amount_minor));
        let amount = format!("{}.{:02}", amount_minor / 100, amount_minor % 100);
        let body = paybill::paid(reference, &receipt, &amount, "254722000001");
        let from = if from_elsewhere { STRANGER } else { "196.201.214.200" };
        self.messages.push(Message::Mpesa { path: self.confirmation.clone(), body, from });
        receipt
    }

    pub(super) async fn tell(&self, message: &Message) {
        let server = &self.scene.server;
        match message {
            Message::Mpesa { path, body, from } => {
                server.client().connected_from(from).post(path, body.clone()).await.expect(200);
            }
            Message::Decided { place, code } => self.daraja.ends(*place, *code),
            Message::Paystack { event, data } => {
                paystack::tell(server, event, data.clone()).await.expect(200);
            }
        }
    }

    pub(super) async fn tell_all(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        messages.reverse();
        for message in messages.iter().chain(&messages) {
            self.tell(message).await;
        }
    }

    /// Tells one of what is to be told: sometimes it is told again later, sometimes the server dies over it.
    pub(super) async fn tell_one(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let place = self.dice.place(&self.messages);
        let message = self.messages.swap_remove(place);
        if self.dice.roll(3) == 0 {
            self.messages.push(message.clone());
        }
        let polls = self.dice.roll(30);
        if self.dice.roll(4) == 0 && broken_off(self.tell(&message), polls).await.is_none() {
            return self.messages.push(message);
        }
        self.tell(&message).await;
    }

    /// M-Pesa decides about the pushes that have reached it, and has answers to questions about payments.
    pub(super) fn mpesa_acts(&mut self) {
        let (pushes, inquiries, on_push) = {
            let script = self.daraja.0.lock();
            (script.pushes.clone(), script.inquiries.clone(), script.on_push)
        };
        for (place, push) in pushes.iter().enumerate().skip(self.seen_pushes) {
            if on_push == OnPush::Refused {
                continue;
            }
            let (id, path) = (Daraja::checkout_id(place), path_of(&push["CallBackURL"]));
            let from = "196.201.214.200";
            if self.dice.roll(4) == 0 {
                self.messages.push(Message::Decided { place, code: 1_032 });
                self.messages.push(Message::Mpesa { path, body: mpesa::refusal(&id, 1_032), from });
                continue;
            }
            let amount = push["Amount"].as_i64().expect("an amount");
            let receipt = self.pays(push["AccountReference"].as_str().expect("a reference"), amount * 100, false);
            self.messages.push(Message::Decided { place, code: 0 });
            if self.dice.roll(3) > 0 {
                self.messages.push(Message::Mpesa { path, body: mpesa::callback(&id, json!(amount), &receipt), from });
            }
        }
        for asked in inquiries.iter().skip(self.seen_inquiries) {
            let receipt = asked["TransactionID"].as_str().expect("a receipt");
            let amount_minor = self.received.iter().find(|(known, _)| known == receipt).expect("a payment").1;
            let body =
                crate::payments::inquiry::answer(receipt, &format!("{}.{:02}", amount_minor / 100, amount_minor % 100));
            self.messages.push(Message::Mpesa { path: path_of(&asked["ResultURL"]), body, from: STRANGER });
        }
        (self.seen_pushes, self.seen_inquiries) = (pushes.len(), inquiries.len());
    }
}
