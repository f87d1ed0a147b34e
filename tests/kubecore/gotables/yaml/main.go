// Writes what sigs.k8s.io/yaml makes of YAML: one JSON object a line.
//
// `ok` and `json` are YAMLToJSON's answer, `strict` says whether YAMLToJSONStrict and UnmarshalStrict take it too.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

type row struct {
	Input  string `json:"input"`
	OK     bool   `json:"ok"`
	JSON   string `json:"json,omitempty"`
	Strict bool   `json:"strict"`
}

// Each is read as a value, an item, and a key.
var scalars = []string{
	// Words, in every case.
	"y", "Y", "n", "N", "yes", "Yes", "YES", "yEs", "no", "No", "NO", "nO", "on", "On", "ON", "oN", "off", "Off", "OFF", "oFF",
	"true", "True", "TRUE", "tRUE", "false", "False", "FALSE", "fALSE", "t", "f", "T", "F", "o", "yess", "none", "None", "nil",
	"~", "null", "Null", "NULL", "nULL", "~~", "''", `""`, "'~'", `"null"`, "'true'", `"yes"`,
	// Integers.
	"0", "-0", "+0", "00", "7", "007", "08", "09", "-08", "0644", "-0644", "+0644", "0o644", "0O644", "-0o17", "+0o17", "0o8", "0o", "0o-7",
	"0x1f", "0X1F", "0x", "0xg", "-0x1f", "+0x1f", "0x-1", "0b1", "0B1", "0b101", "-0b101", "+0b101", "0b2", "0b", "0b-1", "0b+1", "-0b-1", "-0B1",
	"1_000", "1__000", "1_", "_1", "+_1", "-_1", "-1_000", "0_7", "0x_1f", "0x1_f", "0b1_0", "0_b1", "1_0.5_0", "1e1_0", "_", "__",
	"+5", "-5", "--5", "+-5", "5-", "1:30", "-1:30", "190:20:30", "190:20:30.15", "1,000", "1 000", "12345678",
	"2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "+9223372036854775808", "+18446744073709551615", "123456789012345678901234567890",
	"0xFFFFFFFFFFFFFFFF", "0x1FFFFFFFFFFFFFFFF", "-0xFFFFFFFFFFFFFFFF", "01777777777777777777777", "02000000000000000000000",
	"0b1111111111111111111111111111111111111111111111111111111111111111", "0b10000000000000000000000000000000000000000000000000000000000000000",
	"-0b10000000000000000000000000000000000000000000000000000000000000000",
	// Floats.
	"1e3", "1E3", "1e+3", "1e-3", "1e", "e1", "1e3.5", "12e03", "0e0", "1.", "-1.", "1.e1", ".5", "-.5", "+.5", ".5e1", ".", "-.", "..", ".e1", ".5_0", "._5", ".5__0", ".5_", ".5_e1", ".5e_1", ".5e1_0", "3.4028235e38", "3.4028236e38", "-1.17549435e-38",
	"0.0", "-0.0", "1.0", "1.5", "-1.5", "+1.5", "1.5.5", "01.5", "00.5", "0.1", "0.30000000000000004", "1.23456789", "3.14159265358979",
	"1e6", "123456.0", "1234567.0", "1e15", "1e16", "1e17", "1e18", "1e19", "1e20", "1e21", "1e22", "-1e20", "-1e21", "1.2345678901234567e18", "433e40",
	"1e-4", "1e-5", "1e-6", "1e-7", "1.5e-9", "1e38", "1e39", "1e300", "1e308", "1e309", "1e400", "-1e400", "1e-400", "5e-324", "0x1p-2", "0x1.8p1", "1f", "1d", "1L",
	".inf", ".Inf", ".INF", ".iNF", "+.inf", "+.INF", "-.inf", "-.Inf", "inf", "Inf", "-Inf", "+inf", "Infinity", ".nan", ".NaN", ".NAN", ".Nan", "nan", "NaN", "-.nan",
	// Dates.
	"2020-01-01", "2020-1-1", "2020-01-01T00:00:00Z", "2020-01-01t00:00:00Z", "2020-01-01 00:00:00", "2020-01-01T00:00:00.123456789+02:00", "2020-13-45", "12:30:45",
	// Text.
	"abc", "a b", "é", "日本", "😀", "a:b", "a#b", "=", "<", "-a", "a-", "+", "-x", "+x", "/x", "1Gi", "100m", "0.5m", "v1", "1.2.3", "1/2", "$x", "(x)", "x,y", "x]", "x}",
	"a\\nb", `"a\nb"`, `'a\nb'`, `"\x41\u00e9\U0001F600"`, `"\e\0\a\b\t\v\f\r\"\/\\\_\N\L\P"`, `"\q"`, `'it''s'`, `"5"`, `'5'`, `"1e3"`, `'0x1f'`, `""""`,
	// Tags.
	"!!str 5", "!!str", "!!str yes", "!!str ~", "!!str 'x'", "! 5", "! yes", "! ''", "!!int 5", "!!int '5'", "!!int 0644", "!!int 1e3", "!!int x", "!!int ''", "!!float 1", "!!float 1.5",
	"!!float '1'", "!!float x", "!!float .inf", "!!bool yes", "!!bool 'yes'", "!!bool 1", "!!null ~", "!!null ''", "!!null", "!!null x", "!!binary aGk=", "!!binary '%'",
	"!!timestamp 2020-01-01", "!!timestamp x", "!!set x", "!foo x", "!<tag:yaml.org,2002:str> 5", "!<x> 5", "!!python/object:os.system x", "!!float 18446744073709551615",
}

// Each is read as it is.
var documents = []string{
	// Nothing, and ends of documents.
	"", " ", "\n", "# only a comment", "---", "---\n", "--- \n...\n", "...", "...\n", "a: 1\n...\n", "a: 1\n---\nb: 2", "---\na: 1\n---\n", "---\n---\na: 1", "--- a", "--- {a: 1}\n...\n# end",
	"a: 1\n... # end\n", "a: 1\n...\nb: 2", "%YAML 1.1\n---\na: yes", "%YAML 1.2\n---\na: yes", "%YAML 2.0\n---\na: 1", "%TAG ! tag:example.com,2000:\n---\na: 1", "%FOO\n---\na: 1", "%YAML 1.1\na: 1",
	// Empty values.
	"a:", "a: ", "a:\nb:", "- \n- a", "-", "- -", "? a", "? a\n? b", "{a}", "{a, b: }", "{a: , b}", "[]", "{}", "[,]", "[a,]", "{a: 1,}", "[a, , b]", "[a: 1, b]", "[? a : 1]", "''", `""`, "a: ''",
	// Whitespace and control characters.
	"a:\t1", "a: \t1", "\ta: 1", "a:\n\tb: 1", "a: 1\t", "a: b\tc", "a: [1,\t2]", "-\ta", "a: 'b\tc'", "a: \"b\tc\"", "a: |\n  b\tc\n", "a: |\n\tb\n", "a: 1 \n", " a: 1", "  a: 1\n  b: 2", "  a: 1\n b: 2", "a: 1\n b: 2",
	"a: 1\r\nb: 2\r\n", "a: 1\rb: 2", "a: b\u0085c: d", "a: b\u2028c: d", "a: b\u2029c", "a: 'b\u0085c'", "a: 'b\u2028c'", "a: \"b\u0085\u0085c\"", "a: |\n  b\u0085  c\n", "a: |\n  b\u2028  c\n", "a: b\u00a0", "\u00a0: 1",
	"\ufeffa: 1", "\ufeff", "\ufeff---\na: 1", "a: \ufeff1", "a: 'x\ufeff'", "a: 1\n\ufeffb: 2", "a: \x00", "a: \x01", "a: \x7f", "a: \u0080", "a: '\ufffe'", "a: \"\ufffd\"", "a: \x1b",
	// Block scalars and lines that are folded.
	"a: |\n  b\n  c\n", "a: |-\n  b\n", "a: |+\n  b\n\n", "a: |\n  b", "a: |\n", "a: |\n\n", "a: |+\n\n", "a: >\n  b\n  c\n\n  d\n", "a: >-\n  b\n  c\n", "a: >+\n  b\n\n\n", "a: >\n  b\n    c\n  d\n", "a: |2\n    b\n", "a: |0\n b", "a: |1-\n b\n", "a: |-1\n b\n",
	"a: | # comment\n  b # not\n", "a: |\n  5\n", "a: |-\n  5\n", "a: |-\n  yes\n", "a: >-\n  ~\n", "a: !!int |-\n  5\n", "- |\n a\n- >\n b\n", "a: b\n  c\n  d\n", "a: b\n\n  c\n", "a: 'b\n  c'", "a: \"b\\\n  c\"", "a: 'b\n\n  c'", "|\n a\n", "--- |\n a\n", "a: 1\n  2\n",
	// Comments and what looks like one.
	"a: b # c", "a: b#c", "a: #c", "a: '#c'", "#a\nb: 1 #c\n#d", "a: [b, #c\n d]", "a: b\n#c\n",
	// What is no YAML.
	"[", "{", "]", "a: [", "a: {b", "a: 'b", "a: \"b", "a: b: c", "a: @b", "a: `b", "a: %b", "a: &", "a: *", "a: *x", "a: &x *x", "a: !", "a: !<", "a: ]", "a: -", "a: - b", "a:b", "a: ,", "a: b]", "a: |x\n b", ": a", ": ", "?", "&a", "!!str", "* a", "a\nb: c", "a: b\n- c", "- a\nb: c",
	"[a, b]: c", "? [a]\n: b", "? {a: b}\n: c", "{[a]: b}", "? |\n  a\n: b",
	// Anchors and aliases.
	"a: &x 1\nb: *x", "a: &x [1, 2]\nb: *x", "a: &x {b: 1}\nc: *x", "a: &x [*x]", "a: &x {b: *x}", "&x a: *x", "&x a: 1\nb: *x", "&x a : *x", "a: &x 1\nb: &x 2\nc: *x", "a: *x\nb: &x 1", "- &x\n- *x", "- &x ~\n- *x", "- &x ''\n- *x", "a: &x 1\n---\nb: *x", "a: &x b\n*x : c", "a: &x !!str 5\nb: *x", "a: !!str &x 5\nb: *x",
	"- &a [x]\n- &b [*a, *a]\n- [*b, *b]", "a: &x 5\n*x : c",
	// Merges.
	"a: &x {b: 1, c: 1}\nd: {<<: *x}", "a: &x {b: 1, c: 1}\nd: {<<: *x, c: 2}", "a: &x {b: 1, c: 1}\nd: {c: 2, <<: *x}", "a: {<<: {b: 1}}", "a: {<<: [{b: 1}, {b: 2, c: 2}]}", "a: {<<: [], b: 1}", "a: {<<: {}}", "a: {<<: {b: 1}, <<: {c: 2}}", "a: {<<: {b: 1}, <<: {b: 2}}",
	"a: {<<: 1}", "a: {<<: ~}", "a: {<<: }", "a: {<<: x}", "a: {<<: [1]}", "a: {<<: [[{b: 1}]]}", "a: {'<<': {b: 1}}", "a: {\"<<\": 1}", "a: {!!str <<: {b: 1}}", "a: {!!merge <<: {b: 1}}", "a: <<", "- <<", "<<", "<<: {a: 1}\nb: 2", "&x a: &y {b: 1}\nc: {<<: *x}",
	"a: &x {b: 1}\nc: &y {<<: *x, d: 2}\ne: {<<: *y}", "a: &x {b: 1}\nc: &y {b: 2}\nd: {<<: [*x, *y]}", "a: &x [{b: 1}]\nc: {<<: *x}", "a: {&k <<: {b: 1}}", "a: {b: 1, <<: {b: 2}, c: 3}", "a: {<<: {<<: {b: 1}, b: 2}}", "a: {<<: {b: 2, <<: {b: 1}}}",
	"a: {<<: {b: 1, b: 2}}", "a: &x {b: {c: 1}}\nd: {<<: *x, b: {e: 2}}", "a: &x {b: {c: 1}}\nd: {b: {e: 2}, <<: *x}",
	// Keys that are there twice.
	"a: 1\na: 2", "{a: 1, a: 1}", "a: {b: 1, b: 2}", "1: a\n1: b", "1: a\n0x1: b", "yes: a\ntrue: b", "a: 1\n'a': 2", "a: 1\nA: 2", "? a\n? a", "[{a: 1, a: 2}]",
	// Keys that are no text.
	"1: a", "-1: a", "1.5: a", "true: a", "null: a", "~: a", "? \n: a", ": a", "{1: {2: {yes: x}}}", "{~: 1}", "{null: 1}", "{'': 1}", "'1': a", "!!str 1: a", "!!binary aGk=: a", "2020-01-01: a", "[]: a",
	// JSON.
	`{"a":1}`, `{"a": [1, 2.5, "x", null, true]}`, `{"a":{"b":"\u00e9\ud83d\ude00"}}`, `{"a":"\/"}`, "{\"a\":\n\t1\n}", `{"a":1}{"b":2}`, `[1,2]`, `"x"`, "5", `{"a":"b\u2028"}`, "{a:1}", "{a: 1, b}", `{"a":1,"b":-0.0}`, `{"a":1e2}`, `{"a":""}`, `"\ud83d"`,
	// Collections.
	"- a\n- b", "a:\n- b\n- c", "a:\n  - b\n  - c", "- - a\n  - b\n- c", "- a: 1\n  b: 2\n- c", "a:\n  b:\n    c: 1", "a: [b, [c, d], {e: f}]", "a: {b: [c], d: {e: f}}", "a: !!map {b: 1}", "a: !!seq [1]", "a: !!map [1]", "a: !!seq {b: 1}", "a: !!set {b, c}", "a: !!omap [b: 1]", "a: !foo {b: 1}", "a: ! [1]", "a: ! {b: 1}",
	// What a manifest holds.
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: {on: \"yes\", version: 1.10}\ndata:\n  a.txt: |\n    one\n    two\n  mode: 0644\n  port: 8080\n",
	"ports:\n- 80:80\n- 22:22\n- \"5000:5000\"", "image: nginx:1.27\ncpu: 100m\nmemory: 1Gi\nfraction: 0.5\ndefaultMode: 0420", "command: [sh, -c, 'echo \"$X\" && exit 1']", "env:\n- name: A\n  value: \"true\"\n- {name: B, value: 'no'}",
	"version: 1e10\ncommit: 12e5432\nshort: 1234567e\nnorway: NO\ntime: 22:22",
}

func inputs() []string {
	var found []string
	for _, scalar := range scalars {
		found = append(found, "a: "+scalar+"\n", "- "+scalar+"\n", scalar+": v\n")
	}
	found = append(found, documents...)
	return append(found, deep(100), deep(101), "a: "+strings.Repeat("1", 301), "a: "+strings.Repeat("1", 400), strings.Repeat("k", 1025)+": 1", "a: "+strings.Repeat("x", 2000))
}

func deep(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	seen := map[string]bool{}
	for _, input := range inputs() {
		if seen[input] {
			continue
		}
		seen[input] = true
		made := row{Input: input}
		if found, err := yaml.YAMLToJSON([]byte(input)); err == nil {
			made.OK, made.JSON = true, string(found)
		}
		_, first := yaml.YAMLToJSONStrict([]byte(input))
		var target any
		made.Strict = first == nil && yaml.UnmarshalStrict([]byte(input), &target) == nil
		if err := out.Encode(made); err != nil {
			panic(err)
		}
	}
}
