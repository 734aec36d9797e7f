//! A support bot by rules: reads a conversation and fills the nine fields of a JSON reply.
//!
//! Main function: [`reply`]. Lexicons of English and Korean, no model, no case at
//! hand when it answers. [`Style::Copyist`] writes its JSON as the example in the prompt does: where
//! the example lacks a comma, so does the reply, as models do. The same author wrote the
//! word lists and the suite's conversations, in one sitting and with the conversations at
//! hand: what the bot scores there shows how strict and repaired readings differ and is no
//! measure of the bot.

use super::words::Lang;
use serde_json::{Value, json};

/// How the reply is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Valid JSON.
    Careful,
    /// As the example in the prompt is written.
    Copyist,
}

/// What stands before the conversation in a prompt.
const CONVERSATION: &str = "Conversation:";

const ANGRY: &[&str] = &[
    "unacceptable",
    "worst",
    "thieves",
    "fraud",
    "stupid",
    "scam",
    "furious",
    "!!!",
    "ridiculous",
    "화가 나",
    "최악",
    "사기",
    "엉터리",
    "말이 됩니까",
    "어이가 없",
    "당장",
];
const NEGATIVE: &[&str] = &[
    "still not",
    "disappointed",
    "crash",
    "fails",
    "error",
    "cannot",
    "does not",
    "doesn't",
    "problem",
    "wrong",
    "broken",
    "rude",
    "never arrive",
    "late",
    "unfortunately",
    "twice",
    "아직",
    "실망",
    "오류",
    "안 돼",
    "안 와",
    "꺼져",
    "늦",
    "무례",
    "고장",
    "문제",
    "못 ",
];
const POSITIVE: &[&str] = &[
    "thank",
    "great",
    "love",
    "perfect",
    "awesome",
    "excellent",
    "감사합니다",
    "고맙",
    "최고",
    "마음에 들",
    "덕분",
];
const HUMAN: &[&str] = &[
    "human",
    "real person",
    "agent",
    "manager",
    "representative",
    "상담원",
    "책임자",
    "사람이랑",
    "사람과",
    "담당자",
];
/// Kinds of queries with their words; the first that has most of them wins.
const QUERIES: &[(&str, &[&str])] = &[
    ("refund", &["refund", "return", "money back", "환불", "반품", "돈 돌려"]),
    ("complaint", &["complaint", "rude", "worst service", "dented", "불만", "무례", "최악", "찌그러"]),
    ("billing", &["charge", "invoice", "card", "vat", "bill", "payment", "결제", "청구", "계산서", "카드"]),
    (
        "account",
        &[
            "password",
            "log in",
            "login",
            "account",
            "e-mail address",
            "비밀번호",
            "로그인",
            "계정",
            "탈퇴",
            "인증",
        ],
    ),
    (
        "technical_issue",
        &[
            "app ",
            "crash",
            "error",
            "bluetooth",
            "update",
            "work",
            "device",
            "앱",
            "오류",
            "업데이트",
            "블루투스",
            "작동",
            "꺼져",
        ],
    ),
    (
        "order_status",
        &["order", "parcel", "deliver", "arrive", "shipping", "주문", "배송", "택배", "언제 와"],
    ),
    (
        "product_info",
        &[
            "come with",
            "difference",
            "waterproof",
            "plan",
            "colour",
            "color",
            "do they",
            "does the",
            "방수",
            "요금제",
            "들어 있",
            "있나요",
            "다른가요",
        ],
    ),
];

/// The reply to a prompt that holds a conversation.
pub(crate) fn reply(prompt: &str, style: Style) -> String {
    let (before, conversation) = prompt.rsplit_once(CONVERSATION).unwrap_or(("", prompt));
    let fields = fields(conversation);
    let left_out = match style {
        Style::Careful => None,
        Style::Copyist => key_without_comma(before),
    };
    written(&fields, left_out.as_deref())
}

/// The fields in the order of the prompt.
fn fields(conversation: &str) -> Vec<(&'static str, Value)> {
    let messages: Vec<(bool, &str)> = conversation.lines().filter_map(message).collect();
    let said: Vec<String> = messages.iter().filter(|(u, _)| *u).map(|(_, t)| t.to_lowercase()).collect();
    let all = said.join("\n");
    let last = said.last().cloned().unwrap_or_default();
    let sentiment = sentiment(&all, &last);
    let query = query(&all);
    let human = has(&last, HUMAN);
    let enough = !human && is_enough(&all, query);
    let tone = match sentiment {
        "negative" | "angry" => "apologetic",
        "positive" => "friendly",
        _ => "neutral",
    };
    let mut needs = Vec::new();
    if tone == "apologetic" {
        needs.push("apologise");
    }
    needs.push(match (human, enough, query) {
        (true, ..) => "offer_human",
        (_, false, _) => "ask_for_details",
        (_, _, "technical_issue" | "account") => "give_steps",
        _ => "answer_question",
    });
    let lang = Lang::of(&all);
    vec![
        ("message_is_conversation_continuation", json!(said.len() > 1)),
        ("number_of_messages_in_conversation_so_far", json!(messages.len())),
        ("user_sentiment", json!(sentiment)),
        ("query_type", json!(query)),
        ("response_tone", json!(tone)),
        ("response_requirements", json!(needs)),
        ("user_requesting_to_talk_to_human", json!(human)),
        ("enough_information_in_context", json!(enough)),
        ("response", json!(response(lang, tone, human, enough, query))),
    ]
}

/// A message, and whether the customer wrote it.
fn message(line: &str) -> Option<(bool, &str)> {
    let line = line.trim();
    let user = line.strip_prefix("user:").map(|t| (true, t));
    user.or_else(|| line.strip_prefix("agent:").map(|t| (false, t)))
}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.contains(w))
}

fn count(text: &str, words: &[&str]) -> usize {
    words.iter().filter(|w| text.contains(**w)).count()
}

fn sentiment(all: &str, last: &str) -> &'static str {
    if has(all, ANGRY) {
        "angry"
    } else if has(last, POSITIVE) && !has(last, NEGATIVE) {
        "positive"
    } else if has(all, NEGATIVE) {
        "negative"
    } else {
        "neutral"
    }
}

fn query(all: &str) -> &'static str {
    let scored = QUERIES.iter().map(|(name, words)| (*name, count(all, words)));
    let best = scored.rev().max_by_key(|(_, n)| *n);
    best.filter(|(_, n)| *n > 0).map_or("other", |(name, _)| name)
}

/// Orders and bills need a number to be looked up, faults some words about the device.
fn is_enough(all: &str, query: &str) -> bool {
    let has_number = all.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() >= 4);
    match query {
        "order_status" | "complaint" => has_number,
        "refund" | "billing" => has_number || all.contains(['?', '？']),
        "technical_issue" | "account" => all.chars().count() > 25,
        "product_info" => all.chars().count() > 15,
        _ => false,
    }
}

fn response(lang: Lang, tone: &str, human: bool, enough: bool, query: &str) -> String {
    let korean = lang == Lang::Korean;
    let pick = |ko: &'static str, en: &'static str| if korean { ko } else { en };
    let opening = match tone {
        "apologetic" => pick("불편을 드려 죄송합니다. ", "I am sorry about that. "),
        "friendly" => pick("감사합니다! ", "Thank you! "),
        _ => "",
    };
    let body = match (human, enough, query) {
        (true, ..) => pick("상담원을 연결해 드리겠습니다.", "I will connect you to a human agent."),
        (_, false, _) => {
            pick("자세한 내용과 주문번호를 알려 주세요.", "Please give me the order number and more details.")
        }
        (_, _, "order_status") => {
            pick("배송 상태를 확인해 드리겠습니다.", "I will check the delivery of your order.")
        }
        (_, _, "refund") => {
            pick("환불 상태를 확인해 드리겠습니다.", "I will check the state of your refund.")
        }
        (_, _, "technical_issue") => pick(
            "기기를 다시 시작한 뒤 다시 시도해 주세요.",
            "Please restart the device and install the latest version.",
        ),
        (_, _, "billing") => {
            pick("청구 내역을 확인해 드리겠습니다.", "I will check the charge and the invoice.")
        }
        (_, _, "account") => pick("설정에서 계정 메뉴를 열어 주세요.", "Please open Settings, then Account."),
        (_, _, "complaint") => pick("불만 사항을 전달하겠습니다.", "I will pass your complaint on."),
        (_, _, "product_info") => {
            pick("제품에 대해 알려 드리겠습니다.", "I will tell you about the product.")
        }
        _ => pick("무엇을 도와드릴까요?", "How can I help you?"),
    };
    format!("{opening}{body}")
}

/// The key in a prompt's example behind which a comma is missing.
fn key_without_comma(before: &str) -> Option<String> {
    let example = &before[before.rfind('{')?..];
    let lines: Vec<&str> = example.lines().map(str::trim).collect();
    let bare = |line: &str| line.starts_with('"') && !line.ends_with([',', '{', '[']);
    let at = lines.windows(2).position(|w| bare(w[0]) && w[1].starts_with('"'))?;
    lines[at].split('"').nth(1).map(str::to_owned)
}

/// The object, one field a line, without the comma behind one key.
fn written(fields: &[(&'static str, Value)], left_out: Option<&str>) -> String {
    let mut out = String::from("{\n");
    for (i, (key, value)) in fields.iter().enumerate() {
        let comma = if i + 1 == fields.len() || left_out == Some(*key) { "" } else { "," };
        out.push_str(&format!("  \"{key}\": {value}{comma}\n"));
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: &str =
        "Example:\n{\n  \"a\": [\"x\"],\n  \"query_type\": \"other\"\n  \"response\": \"y\"\n}\n\n";

    fn value(conversation: &str) -> Value {
        let text = reply(&format!("Conversation:\n{conversation}\n"), Style::Careful);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn both_languages_are_read() {
        let v = value("user: My order 12345 is late.\nagent: Sorry.\nuser: Give me a human!");
        assert_eq!(v["message_is_conversation_continuation"], true);
        assert_eq!(v["number_of_messages_in_conversation_so_far"], 3);
        assert_eq!(v["user_requesting_to_talk_to_human"], true);
        assert_eq!(v["query_type"], "order_status");
        let v = value("user: 환불은 며칠 걸리나요?");
        assert_eq!((&v["query_type"], &v["user_sentiment"]), (&json!("refund"), &json!("neutral")));
        assert!(v["response"].as_str().is_some_and(|t| t.contains("환불")));
    }

    #[test]
    fn the_copyist_copies_the_mistake_and_nothing_else() {
        let prompt = format!("{BROKEN}Conversation:\nuser: Hi \"you\"\n");
        assert!(serde_json::from_str::<Value>(&reply(&prompt, Style::Copyist)).is_err());
        assert!(serde_json::from_str::<Value>(&reply(&prompt, Style::Careful)).is_ok());
        let mended = prompt.replace("\"other\"\n", "\"other\",\n");
        assert_eq!(reply(&mended, Style::Copyist), reply(&mended, Style::Careful));
    }

    #[test]
    fn anything_gets_a_reply() {
        for text in ["", "Conversation:", "{\"a\"\n\"b\"Conversation:\nuser:", "user: 가", "{"] {
            assert!(!reply(text, Style::Copyist).is_empty());
        }
    }

    /// How good the bot is at its suite; a figure, not a target.
    #[test]
    fn accuracy_over_the_suite() {
        let cases = include_str!("../../../../suites/fields/cases.jsonl");
        let mut right = std::collections::BTreeMap::<String, u32>::new();
        for line in cases.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let got = value(case["conversation"].as_str().unwrap());
            for (name, due) in case["expected"].as_object().unwrap() {
                *right.entry(name.clone()).or_default() += u32::from(got[name] == *due);
            }
        }
        println!("of {}: {right:?}", cases.lines().count());
        assert!(right["query_type"] > 34 && right["message_is_conversation_continuation"] == 68);
    }
}
