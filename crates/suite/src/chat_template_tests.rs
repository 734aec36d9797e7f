//! Chat templates in the forms that well-known models use, and hostile ones.

use super::*;
use serde_json::json;

/// ChatML, as many models document it.
const CHATML: &str = "\
{% for message in messages %}
    {%- if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\n<|im_end|>\\n' }}{% endif %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' -}}
{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// The form with header ids, a date in the system turn, and tools.
const HEADERS: &str = "\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'].strip() %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = '' %}
{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{{- 'Today Date: ' + strftime_now('%d %b %Y') + '\\n\\n' }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t.function | tojson(indent=4) }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}";

/// The form with [INST], which insists on turns that alternate.
const INST: &str = "{{ bos_token }}{% for message in messages %}\
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}\
{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";

fn spec(template: &str) -> ChatTemplate {
    ChatTemplate {
        template: template.into(),
        bos_token: "<s>".into(),
        eos_token: "</s>".into(),
        generation_prompt: true,
        date: "2026-01-31".into(),
    }
}

fn messages(list: &[(&str, &str)]) -> Vec<Message> {
    list.iter().map(|(role, content)| Message { role: (*role).into(), content: (*content).into() }).collect()
}

fn check(template: &str, list: &[(&str, &str)], tools: &[Value], expect: &str) {
    let got = Renderer::new(&spec(template)).unwrap().render(&messages(list), tools);
    assert_eq!(got.as_deref(), Ok(expect));
}

fn fails(template: &str, list: &[(&str, &str)], words: &str) {
    let made = Renderer::new(&spec(template));
    let error = made.and_then(|r| r.render(&messages(list), &[])).unwrap_err();
    assert!(error.0.contains(words), "{}", error.0);
}

#[test]
fn well_known_forms() {
    check(
        CHATML,
        &[("system", "Be brief."), ("user", "탑은 <왜> \"높다\"?")],
        &[],
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n탑은 <왜> \"높다\"?<|im_end|>\n<|im_start|>assistant\n",
    );
    check(
        HEADERS,
        &[("system", " Short. "), ("user", " Hi ")],
        &[],
        "<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 31 Jan 2026\n\nShort.<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    );
    check(
        INST,
        &[("user", "a"), ("assistant", "b"), ("user", "c")],
        &[],
        "<s>[INST] a [/INST]b</s>[INST] c [/INST]",
    );
    fails(INST, &[("user", "a"), ("user", "b")], "refuses the messages: Conversation roles must alternate");
    fails(INST, &[("user", "a"), ("tool", "b")], "Only user and assistant");
}

#[test]
fn tools_are_json_as_python_writes_it() {
    let tool = json!({"type": "function", "function": {"name": "f", "empty": {}, "list": ["탑", 1.5, true]}});
    let got = Renderer::new(&spec("{{ tools[0].function | tojson }}")).unwrap();
    assert_eq!(
        got.render(&[], std::slice::from_ref(&tool)).unwrap(),
        r#"{"name": "f", "empty": {}, "list": ["탑", 1.5, true]}"#
    );
    let got = Renderer::new(&spec("{{ tools[0].function.list | tojson(indent=2) }}")).unwrap();
    assert_eq!(got.render(&[], &[tool]).unwrap(), "[\n  \"탑\",\n  1.5,\n  true\n]");
}

#[test]
fn python_methods_that_templates_use() {
    for (template, expect) in [
        ("{{ ' a '.strip() }}|{{ 'xa'.lstrip('x') }}|{{ 'ab'.startswith('a') }}", "a|a|True"),
        ("{{ 'a</think>b'.split('</think>')[-1] }}", "b"),
        ("{{ 'a-b'.replace('-', '+') }}{{ 'ab'.upper() }}{{ 'hello you'.title() }}", "a+bABHello You"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.get('a') }}", "21"),
        (
            "{% set ns = namespace(n=0) %}{% for m in [1,2] %}{% set ns.n = ns.n + m %}{% endfor %}{{ ns.n }}",
            "3",
        ),
        ("{{ strftime_now('%Y-%m-%d %H:%M %B %q %%') }}", "2026-01-31 00:00 January %q %"),
    ] {
        check(template, &[], &[], expect);
    }
}

#[test]
fn hostile_templates_end() {
    let user = [("user", "x")];
    fails("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", &user, "too long");
    fails("{{ 'x' * 999999999 }}", &user, "");
    fails("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", &user, "");
    fails("{% for i in range(5000) %}{{ messages[0].content * 5000 }}{% endfor %}", &user, "");
    fails("{{ 'x'.replace('', 'y' * 4000).replace('y', 'z' * 4000) }}", &user, "4 MiB");
    fails("{% include 'x' %}", &user, "template");
    fails("{{ messages", &user, "syntax error");
    fails("{{ open('/etc/passwd') }}", &user, "open");
    fails(&format!("{{{{ x{} }}}}", ".a".repeat(9000)), &user, "in one tag");
    fails(&format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(5000)), &user, "'elif'");
    fails(&"x".repeat(MAX_TEMPLATE + 1), &user, "longer than");
    fails(&"{% if 1 %}".repeat(20_000), &user, "");
    fails(&"{{ ".repeat(20_000), &user, "");
    let deep = "{% set ns = namespace(x=[]) %}{% for i in range(9000) %}{% set ns.x = [ns.x] %}{% endfor %}\
                {{ ns.x | tojson }}";
    fails(deep, &user, "32 levels");
}
