//! What the API's refusals mean, in Swahili and by code: the API words its messages in English. What to do is said with it.

use super::Lang;

/// The refusal with this code in the visitor's language; `None` where the API's own words are in it, or no person meets it.
pub fn refusal(lang: Lang, code: &str) -> Option<&'static str> {
    match lang {
        Lang::English => None,
        Lang::Swahili => swahili(code),
    }
}

fn swahili(code: &str) -> Option<&'static str> {
    Some(match code {
        "account.suspended" => {
            "Eneo la kazi limesimamishwa. Unaweza kusoma na kuongeza salio tu; maliza kilichotajwa kwenye barua au mwandikie mwendeshaji."
        }
        "accounts.admin_required" => "Hili linahitaji jukumu la msimamizi au mmiliki. Mwombe mmoja wao.",
        "accounts.last_owner" => {
            "Eneo la kazi lazima liwe na mmiliki angalau mmoja. Mfanye mwingine kuwa mmiliki kwanza."
        }
        "accounts.remove_denied" => "Jukumu lako haliruhusu kumwondoa mshiriki huyu. Mwombe mmiliki.",
        "accounts.role_change_denied" => "Jukumu lako haliruhusu kutoa au kuondoa jukumu hili. Mwombe mmiliki.",
        "accounts.write_denied" => {
            "Jukumu lako linaweza kusoma hapa, si kubadilisha. Mwombe msimamizi jukumu linaloruhusu."
        }
        "actions.invalid" => "Vitendo vya sauti si sahihi. Rekebisha mahali palipotajwa.",
        "api_key.already_revoked" => "Ufunguo huu ulishabatilishwa. Unda mpya ukihitaji.",
        "api_key.expired" => "Muda wa ufunguo umeisha. Unda au zungusha ufunguo.",
        "api_key.invalid" => "Ufunguo haujulikani. Hakikisha umenakiliwa wote.",
        "api_key.name_required" => "Ufunguo unahitaji jina la herufi 1 hadi 80.",
        "api_key.not_found" => "Hakuna ufunguo wenye kitambulisho hiki kwenye eneo hili.",
        "api_key.revoked" => "Ufunguo umebatilishwa. Unda mpya.",
        "api_key.scope_denied" => "Ufunguo hauna wanda unaohitajika. Unda ufunguo wenye wanda huo.",
        "api_key.scope_invalid" => "Wanda mmoja haupo, au ni zaidi ya unachoweza kutoa.",
        "audit.invalid_action_kind" => "Hakuna aina hiyo ya kitendo kwenye kumbukumbu.",
        "auth.admin_required" => "Hili ni la waendeshaji wa seva tu. Ingia kama mwendeshaji.",
        "auth.already_onboarded" => "Tayari una eneo la kazi.",
        "auth.cannot_unlink_only_auth" => {
            "Hii ndiyo njia yako pekee ya kuingia, kwa hiyo haiwezi kuondolewa. Ongeza nyingine kwanza."
        }
        "auth.email_taken" => "Akaunti nyingine inatumia barua pepe hii. Ingia kwa anwani hiyo.",
        "auth.google_exchange_failed" => "Google haikuthibitisha. Anza kuingia upya.",
        "auth.google_not_configured" => "Kuingia kwa Google hakujawekwa hapa. Tumia kiungo cha barua pepe.",
        "auth.google_state_mismatch" => {
            "Jibu la Google si la kuingia kulikoanzia kwenye kivinjari hiki. Anza upya kwenye dirisha moja."
        }
        "auth.invite_email_mismatch" => "Mwaliko ulitumwa kwa barua pepe nyingine. Ingia kwa anwani iliyoalikwa.",
        "auth.no_workspace" => "Umeingia lakini huna eneo la kazi. Maliza kujiandikisha.",
        "auth.origin_denied" => "Badiliko lilitoka tovuti nyingine. Tumia kurasa za konsoli hii.",
        "auth.session_invalid" => "Hujaingia. Ingia tena.",
        "auth.token_expired" => "Kiungo kina zaidi ya dakika 15. Omba kingine.",
        "auth.token_invalid" => "Kiungo hakijulikani au kimeharibika. Omba kingine.",
        "auth.token_used" => "Kiungo kilishatumika; kila kimoja hufanya kazi mara moja. Omba kingine.",
        "auth.workspace_forbidden" => "Wewe si mshiriki wa eneo hili la kazi.",
        "calls.destination_blocked" => {
            "Nchi au mwanzo wa nambari hii hauruhusiwi, au hauna bei. Angalia nambari, au mwombe mwendeshaji aufungue."
        }
        "calls.emergency_blocked" => {
            "Nambari za dharura na nambari fupi hazipigiwi hapa. Tumia simu ya kawaida kwa dharura."
        }
        "calls.events_failed"
        | "calls.get_failed"
        | "calls.list_failed"
        | "calls.stats_failed"
        | "webhooks.list_failed" => "Haikusomeka kwa sasa. Jaribu tena; likiendelea, tutajie kitambulisho cha ombi.",
        "calls.frozen" => {
            "Simu za kutoka zimegandishwa kwa sababu zilikuwa si za kawaida. Mmiliki aliyeingia sasa hivi anaweza kuziachilia kwenye Vikomo."
        }
        "calls.limit_exceeded" => {
            "Kikomo cha simu za wakati mmoja au kwa sekunde kimefikiwa. Subiri, au omba kikomo kikubwa zaidi."
        }
        "calls.no_route" => "Hakuna mtoa huduma wa nambari hii. Mwombe mwendeshaji aunganishe mmoja.",
        "calls.not_found" => "Hakuna simu yenye kitambulisho hiki kwenye eneo hili.",
        "calls.not_live" => "Simu imeisha, kwa hiyo haiwezi kubadilishwa.",
        "calls.overloaded" => "Seva hii haiwezi kuanzisha simu nyingine kwa sasa. Jaribu tena baada ya muda mfupi.",
        "calls.recording_expired" => "Rekodi iliondolewa baada ya muda wake.",
        "calls.recording_failed" => "Rekodi haikuweza kuchukuliwa au kuhifadhiwa. Tazama matukio ya simu.",
        "calls.recording_in_progress" => "Rekodi bado inachukuliwa au kuhifadhiwa. Jaribu tena ikiwa tayari.",
        "calls.recording_not_found" => "Simu haina rekodi.",
        "conferences.not_found" => "Hakuna mkutano huu unaoendelea, au simu haimo ndani yake.",
        "currency.unsupported" => "Sarafu hiyo haitolewi hapa. Chagua mojawapo ya zilizoorodheshwa.",
        "idempotency.conflict" => "Fomu hii ilishatumwa, au bado inafanyiwa kazi. Pakia ukurasa upya.",
        "internal_error" => "Kitu kimeharibika upande wetu. Jaribu tena; likiendelea, tutajie kitambulisho cha ombi.",
        "invitations.not_found" => "Mwaliko haujulikani, umetumika, umeondolewa au muda wake umeisha. Omba mwingine.",
        "invite_requires_login" => "Ingia kwanza ili kukubali mwaliko, kwa barua pepe iliyoalikwa.",
        "method_not_allowed" => "Anwani ipo, lakini si kwa njia hii.",
        "mpesa.unavailable" => "M-Pesa haijawekwa au haikujibu. Jaribu baadaye, au lipa kwa njia nyingine.",
        "not_found" => "Hakuna kitu kwenye anwani hii.",
        "numbers.already_claimed" => "Nambari imeshachukuliwa. Chagua nyingine.",
        "numbers.invalid_routing_url" => "URL si sahihi, si https, au si ya umma. Toa URL ya https ya seva ya umma.",
        "numbers.not_assigned" => "Nambari si ya eneo hili la kazi. Ichukue kwanza.",
        "numbers.not_found" => "Hakuna nambari kama hiyo.",
        "numbers.price_missing" => "Nambari haina bei kwa sarafu ya eneo hili. Chagua yenye bei kwa sarafu yako.",
        "numbers.retired" => "Nambari imeondolewa kabisa. Chagua nyingine.",
        "numbers.series_invalid" => "Mfululizo wa nambari si sahihi au unaingiliana na mwingine.",
        "numbers.series_not_active" => "Mfululizo wa nambari hii haufanyi kazi. Uwashe kwanza.",
        "numbers.sip_config_unavailable" | "numbers.sip_token_unavailable" => {
            "Simu haziko kwenye seva hii, kwa hiyo hakuna mipangilio ya SIP."
        }
        "numbers.sip_credentials.already_revoked" => {
            "Kitambulisho hiki cha SIP kilishabatilishwa. Unda kipya ukihitaji."
        }
        "numbers.sip_credentials.not_found" => "Nambari haina kitambulisho hiki cha SIP.",
        "numbers.suffix_collision" => "Mifululizo miwili ingekuwa na nambari moja. Badilisha mmoja.",
        "numbers.wallet_unavailable" => "Pochi haikuweza kusomwa kwa wakati. Jaribu tena; hakuna kilichokatwa.",
        "payload_too_large" => "Kilichotumwa ni kikubwa mno. Tuma kidogo zaidi.",
        "payments.claim_limit" => {
            "Eneo la kazi linaweza kudai malipo matano kwa siku. Subiri siku moja, au mwombe mwendeshaji."
        }
        "payments.unmatched_not_found" => {
            "Hakuna malipo yanayosubiri yenye msimbo, kiasi na simu hii. Angalia ujumbe wa M-Pesa."
        }
        "paystack.unavailable" => "Paystack haijawekwa au haikujibu. Jaribu baadaye, au lipa kwa njia nyingine.",
        "provider.has_active_series" => "Mtoa huduma bado ana mifululizo inayofanya kazi. Izime kwanza.",
        "provider.invalid_credentials" => "Vitambulisho vya mtoa huduma havitumiki. Virekebishe.",
        "queues.not_found" => "Hakuna foleni hii inayotumika, au simu haisubiri ndani yake.",
        "rate_limited" => "Umetuma maombi mengi kuliko yanayoruhusiwa. Subiri kidogo.",
        "service.draining" => "Seva inazimwa. Jaribu tena; nyingine itajibu.",
        "spend_limit.reached" => "Kikomo cha matumizi cha siku kimefikiwa. Kiongeze, au subiri hadi kesho.",
        "storage.tier_invalid" => "Hakuna kiwango hicho cha hifadhi.",
        "storage.tier_switch_failed" => {
            "Nafasi iliyotumika haitoshi humo, au malipo yameshindwa. Punguza au ongeza salio."
        }
        "storage.unavailable" => {
            "Hifadhidata haipatikani, kwa hiyo hakuna kilichofanyika. Jaribu tena baada ya muda mfupi."
        }
        "topup.not_found" => "Hakuna ongezo lenye kitambulisho hiki kwenye eneo hili.",
        "unsupported_media_type" => "Aina ya kilichotumwa haikubaliki hapa.",
        "validation.bad_request" => "Sehemu ya ulichotuma haipo au haitumiki. Irekebishe.",
        "validation.invalid_cursor" => "Mahali pa orodha hapajulikani. Anza orodha upya.",
        "wallet.adjustment_invalid_kind" => "Hakuna aina hiyo ya marekebisho.",
        "wallet.alert_subscriber_exists" => "Anwani hii tayari inapata arifa.",
        "wallet.alert_subscriber_invalid_email" => "Hii si barua pepe. Irekebishe.",
        "wallet.alert_subscriber_not_found" => "Hakuna mpokeaji wa arifa mwenye kitambulisho hiki.",
        "wallet.alert_subscribers_max" => "Eneo la kazi lina wapokeaji 10 wa arifa kwa wingi. Ondoa mmoja kwanza.",
        "wallet.currency_mismatch" => "Kiasi kiko kwa sarafu nyingine. Tumia sarafu ya pochi.",
        "wallet.insufficient_funds" => "Salio linalopatikana halitoshi. Ongeza salio, kisha ujaribu tena.",
        "wallet.invalid_amount" => "Kiasi lazima kiwe zaidi ya sifuri na kisiwe kikubwa mno.",
        "wallet.not_found" => "Eneo la kazi halina pochi. Maliza kujiandikisha.",
        "wallet.topup_below_minimum" => "Kiasi ni chini ya ongezo dogo kabisa. Ongeza angalau kiasi hicho.",
        "webhooks.create_failed"
        | "webhooks.delete_failed"
        | "webhooks.patch_failed"
        | "webhooks.rotate_secret_failed" => "Badiliko halikuweza kuhifadhiwa kwa sasa. Jaribu tena.",
        "webhooks.deliver.secret_unset" => "Anwani haina siri ya kusaini. Izungushe.",
        "webhooks.delivery_not_retryable" => {
            "Uwasilishaji huu bado unasubiri au ulishafika. Ulioshindwa tu ndio unaotumwa tena."
        }
        "webhooks.dispatcher_unavailable" => "Hakuna seva inayowasilisha matukio kwa sasa.",
        "webhooks.event_unsupported" => "Hakuna aina hiyo ya tukio.",
        "webhooks.former_secret_signs" => {
            "Siri iliyotangulia bado inasaini hadi muda wake uishe. Subiri, au iishe sasa."
        }
        "webhooks.not_found" => "Hakuna anwani ya matukio yenye kitambulisho hiki.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sautikit_api::ErrorCode;

    /// Parts of the API that no page of the console uses.
    const OF_PROGRAMS: [&str; 2] = ["pbx.", "calls.stream_token_"];

    #[test]
    fn every_refusal_that_a_person_meets_has_its_swahili_words() {
        for code in ErrorCode::ALL.iter().filter(|code| !OF_PROGRAMS.iter().any(|part| code.as_str().starts_with(part)))
        {
            let words = refusal(Lang::Swahili, code.as_str());
            assert!(words.is_some_and(|words| words.ends_with('.')), "{code}");
            assert_eq!(refusal(Lang::English, code.as_str()), None);
        }
    }
}
