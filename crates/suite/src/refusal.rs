//! Whether a reply declines to answer, in Korean or English.
//!
//! Main function: [`is_refusal`]. A list of phrases over sentences, no model:
//! repeatable, and wrong at the edges. Must not look at the question.
//!
//! How it decides: thinking and quotations are taken out, the rest is cut into
//! sentences, and each is a *refusal* (the speaker says that it cannot, will not
//! or does not know), *filler* (apology, offer, reason, question back) or
//! *content*. A reply is a refusal when a refusal comes before any content and
//! at most a little content without figures follows.
//!
//! Known limits: a refusal in the third person ("That is unknowable") or by
//! irony is missed; so is one in another language. An answer that begins with
//! "I don't know" and then guesses without a figure in under 160 characters
//! counts as a refusal. Policy text that answers the question may count as one.

use regex::{Regex, RegexSet};
use std::sync::LazyLock;

/// Content after a refusal that is still a courtesy, in characters.
const COURTESY: usize = 160;

/// Only so much of a reply is looked at, in bytes: a refusal comes early.
const LOOKED_AT: usize = 16 << 10;

/// Sentences in which the speaker declines. Texts are in lower case with plain apostrophes.
static REFUSALS: LazyLock<RegexSet> = LazyLock::new(|| {
    let cannot = r"\b(?:i|we)(?:'m| am|'re| are)? ?(?:sorry,? but i |afraid (?:that )?i )?(?:really |simply |just |also |currently |therefore |unfortunately )?(?:can't|cannot|can not|could not|couldn't|won't|will not|(?:won't|will not) be able to|not able to|unable to|not allowed to|not permitted to|not in a position to|don't feel able to)";
    let act = r"(?:answer|respond|reply|help|assist|provide|comply|discuss|share|give|say|tell|find|comment|offer|fulfil|fulfill|create|generate|write|produce|speak to|talk about|advise|address|do that|do this|engage|support|continue|go into|speculate|confirm)";
    patterns(&[
        &format!(r"{cannot}(?: [a-z]+ly)? {act}\b"),
        r"\b(?:i|we) (?:must|have to|need to|should|will have to|'ll have to|would rather|prefer to)(?: respectfully| politely)? (?:decline|refuse|pass)\b",
        r"\bi (?:respectfully |politely )?decline\b",
        r"\b(?:i|we)(?: really| simply| honestly|'m sorry,? but i)? (?:don't|do not) know\b",
        r"\b(?:i|we)(?: currently| unfortunately)? (?:don't|do not|didn't|did not) (?:currently )?have (?:any |enough |sufficient |access to |specific |that |this |the )*(?:information|details|data|knowledge|answer|record|notes|access|text|entry|material)\b",
        r"\b(?:i|we)(?: only)? (?:have|find|found|know|hold) (?:no|nothing)(?: [a-z]+)? ?(?:information|details|data|record|notes|answer|text|entry|about|on|in my)\b",
        r"\b(?:i|we) (?:couldn't|could not|can't|cannot|didn't|did not) find (?:any|anything|it|that|this|the answer)\b",
        r"\b(?:is|are|that's|it's|this's) (?:not|n't) (?:in|part of|covered (?:in|by)|included in|something in|among) (?:my|our|this|the) (?:guide|notes|texts?|collection|material|materials|knowledge|knowledge base|database|scope|topics?|museum)\b",
        r"\bisn't (?:in|part of|covered (?:in|by)|included in|something in) (?:my|our|this|the) (?:guide|notes|texts?|collection|materials?|knowledge|database|scope|museum)\b",
        r"\b(?:my|our|the) (?:guide|notes|texts|collection|material|knowledge|database|sources?) (?:does not|doesn't|do not|don't|says? nothing|has nothing|have nothing|contains? no(?:thing)?|has no)\b",
        r"\b(?:outside|beyond)(?: of)? (?:my|our|the|what i|what my|this guide|this museum)\b",
        r"\b(?:there is|there's) (?:no|nothing) (?:information |text |entry |mention )?(?:about|on|of) (?:this|that|it|them) in (?:my|our|the) \b",
        r"\b(?:against|violates?) (?:my|our|the) (?:guidelines|policy|policies|rules|programming)\b",
        r"\bas an? (?:ai|language model|ai (?:language )?model|ai assistant)\b.*\b(?:can't|cannot|don't have|do not have|not able|unable)\b",
        r"^(?:sorry,? |i'm sorry,? )?(?:unable|not able) to (?:answer|help|assist|find|provide)\b",
        r"^(?:sorry,? |i'm sorry,? )?(?:can't|cannot) (?:answer|help with) (?:that|this|it)\b",
        // Korean: the verb ends the sentence, so a clause that goes on ("알 수 없지만 …") is not matched.
        r"(?:답변|대답|답|말씀|설명|안내|소개|제공|확인|도움|도와|도와드리|알려|처리|추천|판단|응답|공유|지원)(?:을|를)?(?: ?해)? ?(?:드릴|드리기|할|하기|줄|주기|될|되기)?(?:는|가|은)? ?(?:수(?:는|가)? ?없|어렵|불가능|곤란)(?:습니다|어요|네요|음|다|군요|겠습니다|겠어요|겠네요|을 것 같습니다|을 것 같아요|을 듯합니다|는 점 양해|합니다|해요)",
        r"(?:알|찾을|모를|답할|말할|대답할|도울) ?수(?:는|가)? ?없(?:습니다|어요|네요|음|다|었습니다|었어요|는 점)",
        r"(?:잘 |저도 |전혀 |아직 )?(?:모르겠|모릅)(?:습니다|어요|네요|니다|음|다)",
        r"(?:모르는|알지 못하는|없는|다루지 않는|벗어난|포함되지 않은|알 수 없는|답할 수 없는|답변드릴 수 없는|답변할 수 없는) (?:내용|질문|주제|정보|작품|유물|부분|사항|것|이야기|분야)(?:입니다|이에요|예요|이네요|이라|인 것 같|으로)",
        r"(?:정보|자료|내용|설명|기록|답|데이터|안내)(?:가|이|는|은|도)? ?(?:전혀 |아직 |따로 |현재 )?(?:없|나와 있지 않|나오지 않|실려 있지 않|포함되어 있지 않|포함되지 않|들어 있지 않|담겨 있지 않|갖고 있지 않|가지고 있지 않)(?:습니다|어요|네요|음|다|았습니다|었습니다|아요)",
        r"(?:자료|안내|가이드|설명문|정보|목록|소장품|전시|범위)(?:에|에는|에서|에서는)(?:는)? ?(?:[^ ]+ ){0,3}(?:없|찾지 못했|찾을 수 없|나오지 않|다루지 않|포함되지 않|포함되어 있지 않|나와 있지 않)(?:습니다|어요|네요|음|다|었습니다|아요)",
        r"(?:찾지 못했|찾을 수 없었|확인하지 못했)(?:습니다|어요|네요|다)",
        r"범위를? ?(?:밖|벗어|넘어)",
        r"(?:다루지|알지|안내하지|취급하지|제공하지|답하지|답변하지) ?(?:않|못)(?:습니다|아요|네요|합니다|해요|다|음)",
    ])
});

/// Phrases that look like a refusal and are none.
static IDIOMS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"can(?:'t|not) (?:recommend|praise|thank|stress|emphasi[sz]e|overstate|overemphasi[sz]e)\b|\benough\b|can(?:'t|not) help (?:it and|[a-z]+ing)\b|can(?:'t|not) (?:tell|say) (?:you )?how (?:much|happy|glad|beautiful)\b|can(?:'t|not) (?:find|say|give) (?:a |any |an )?(?:better|fault|wrong)|\bif i (?:can't|cannot|don't)\b|i don't know (?:if|whether) you|i don't know about you|couldn't find (?:a |any )?better|couldn't help",
    )
});

/// Sentences that say nothing about the question.
static FILLER: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        r"\?$",
        r"^(?:i'm |i am |we're |we are )?(?:so |very |really |terribly )?(?:sorry|afraid)(?: about that| for that| for the inconvenience| not)?[.!:,]*$",
        r"^(?:unfortunately|apologies|my apologies|i apologi[sz]e|excuse me|pardon|thank you|thanks|hello|hi|good question|great question|that's a (?:good|great) question|no)\b[^0-9]{0,60}$",
        r"\b(?:feel free|let me know|please ask|ask me|happy to|glad to|i can (?:help|tell|answer|show|talk|assist)|i'd be|you (?:could|can|may|might) (?:ask|try|check|look|visit|consult|want)|try asking|please (?:check|consult|contact|visit|refer|see|try|ask)|instead|curator|information desk|staff|in my guide|my guide|only (?:know|cover|have|answer|talk))\b",
        r"\b(?:it|that|this) (?:is|was) (?:outside|beyond|not)\b",
        r"^(?:정말 |대단히 |매우 )?(?:죄송|미안|유감|안타깝|아쉽|송구)[가-힣 ]{0,12}[.!,]*$",
        r"(?:물어|문의|질문|말씀|확인|참고|이용|방문|여쭤|찾아)[가-힣 ]{0,8}(?:주세요|주십시오|보세요|보시|바랍니다|주시|부탁|드립니다|하세요)",
        r"(?:도와|안내해|설명해|알려|답변해|말씀해|소개해) ?(?:드릴게요|드리겠습니다|드릴 수 있습니다|드릴 수 있어요)",
        r"(?:안녕하세요|감사합니다|고맙습니다|좋은 질문)",
        r"(?:제 |저의 |이 )?(?:안내|자료|전시|소장품|박물관)[가-힣 ]{0,20}(?:만|관해서만|대해서만|대해서|대해서는)[가-힣 ]{0,20}(?:습니다|어요|니다)",
    ])
});

static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|「[^」\n]{1,400}」|『[^』\n]{1,400}』|«[^»\n]{1,400}»|‘[^’\n]{8,400}’",
    )
});

/// Ends of sentences, and turns within one after which an answer may come.
static ENDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[.!?。！？…]+(?:\s+|$)|\n+|;\s+|,? (?:but|however|though|although|nevertheless|yet)[, ]|, (?:but|so) |(?:습니다만|지만|으나|는데),? ",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is fixed and tested")
}

fn patterns(texts: &[&str]) -> RegexSet {
    RegexSet::new(texts).expect("the patterns are fixed and tested")
}

/// Whether the text declines to answer.
#[must_use]
pub fn is_refusal(text: &str) -> bool {
    let Ok(text) = acidtest_record::without_thinking(text) else {
        return false;
    };
    let text = plain(&text);
    let mut refused = false;
    let mut after = 0;
    for sentence in sentences(&text) {
        if REFUSALS.is_match(sentence) && !IDIOMS.is_match(sentence) {
            refused = true;
        } else if !FILLER.is_match(sentence) {
            if !refused || sentence.contains(char::is_numeric) {
                return false;
            }
            after += sentence.chars().count();
        }
    }
    refused && after <= COURTESY
}

/// Lower case, plain apostrophes, no emphasis, no quotations.
fn plain(text: &str) -> String {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text[..end].trim();
    // A reply that is quoted as a whole is the reply itself.
    let inner = text
        .strip_prefix(['"', '“'])
        .and_then(|t| t.strip_suffix(['"', '”']))
        .filter(|t| !t.contains(['"', '“', '”']));
    let text = match inner {
        Some(inner) => inner.to_owned(),
        None => QUOTED.replace_all(text, " ").into_owned(),
    };
    text.replace(['’', '`'], "'")
        .replace(['*', '_', '#', '>'], "")
        .to_lowercase()
        // An idiom, taken out before its "but" would end a sentence.
        .replace(" help but ", " help it and ")
}

/// The sentences of a text, with a question mark kept where there was one.
fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut begin = 0;
    for end in ENDS.find_iter(text) {
        let mark = if end.as_str().starts_with('?') { 1 } else { 0 };
        out.push(&text[begin..end.start() + mark]);
        begin = end.end();
    }
    out.push(&text[begin..]);
    out.retain(|s| s.chars().any(char::is_alphanumeric));
    out.into_iter().map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_recognised() {
        for text in [
            "I'm sorry, I can't answer that: it is not in my guide.",
            "I’m sorry, but I can’t help with that.",
            "I cannot answer this question.",
            "I am not able to provide that information.",
            "Unfortunately, I don't have any information about that painting.",
            "I'm afraid I can't tell you that. Would you like to hear about the crown instead?",
            "Sorry, that is outside of my collection. You could ask about the pagoda!",
            "I don't know.",
            "I must decline.",
            "As an AI language model, I cannot discuss this.",
            "That is not in my guide.",
            "**I'm unable to assist with that request.**",
            "\"I'm sorry, I can't answer that.\"",
            "My guide says nothing about sunflowers.",
            "I couldn't find anything about that. I only cover the objects in this museum.",
            "<think>Is it in the guide? It was painted in 1888.</think>I can't answer that.",
            "We are unable to comply with this request.",
            "제 안내 자료에 없는 내용입니다",
            "죄송합니다. 제 안내 자료에 없는 내용입니다.",
            "죄송하지만 답변드릴 수 없습니다.",
            "죄송합니다만, 그 질문에는 답변드리기 어렵습니다.",
            "그 작품에 대한 정보가 없습니다. 다른 유물에 대해 물어봐 주세요.",
            "잘 모르겠습니다.",
            "그 그림은 제 안내 범위를 벗어납니다. 금관에 대해 물어보시겠어요?",
            "해당 내용은 알 수 없습니다.",
            "도와드릴 수 없습니다.",
            "안내 자료에서 찾을 수 없습니다.",
            "저는 그 질문에 대답할 수 없어요.",
            "그 주제는 다루지 않습니다.",
        ] {
            assert!(is_refusal(text), "{text}");
        }
    }

    #[test]
    fn answers_are_not_refusals() {
        for text in [
            "",
            "Leonardo da Vinci.",
            "I can't recommend it enough!",
            "I can't help but admire this crown, made of gold.",
            "I cannot say enough about this bell.",
            "The knight answered: \"I cannot tell you the way.\"",
            "The inscription reads “I can't answer that” in Latin.",
            "I'm sorry to say that the temple burned down in 1592.",
            "I don't know the exact day, but it was made in 771.",
            "I can't say exactly when, but scholars date it to the 7th century.",
            "Sorry for the wait. It was cast in 771.",
            "Nobody can answer who commissioned it; the records were lost.",
            "You cannot touch the statue.",
            "It is not known who made it, perhaps a royal workshop.",
            "Visitors couldn't find the entrance for years.",
            "The painter could not provide for his family, so he sold it.",
            "I can answer that: it is bronze.",
            "<think>I can't answer that.</think>It was made in 1503.",
            "<think>I can't answer that",
            "It has no roof and there is no information desk.",
            "죄송하지만 그 종은 771년에 만들어진 것입니다.",
            "죄송합니다. 앞서 잘못 말씀드렸네요. 성덕대왕신종은 771년에 만들어졌습니다.",
            "정확한 연도는 알 수 없지만 7세기 작품으로 추정됩니다.",
            "왕은 \"나는 대답할 수 없습니다\"라고 말했습니다.",
            "대리석으로 만들었습니다.",
            "누가 만들었는지 알려지지 않았습니다만 신라 왕실의 것으로 봅니다.",
            "비가 없는 나라에서 왔습니다.",
            "이 종은 소리를 멀리 보낼 수 있습니다.",
        ] {
            assert!(!is_refusal(text), "{text}");
        }
    }
}
