// Writes what Kubernetes' own library makes of label selectors: one JSON object a line.
package main

import (
	"encoding/json"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

type row struct {
	Input     string `json:"input"`
	OK        bool   `json:"ok"`
	Canonical string `json:"canonical"`
	Matches   []bool `json:"matches,omitempty"`
}

type modelRow struct {
	Model     *metav1.LabelSelector `json:"model"`
	OK        bool                  `json:"ok"`
	Canonical string                `json:"canonical"`
	Matches   []bool                `json:"matches,omitempty"`
}

type sets struct {
	Labels []labels.Set `json:"labels"`
}

var candidates = []labels.Set{
	{},
	{"a": ""},
	{"a": "b"},
	{"a": "c", "b": "x"},
	{"a": "5"},
	{"a": "6", "in": "in"},
	{"a": "-7"},
	{"a": "+8"},
	{"a": "0x9"},
	{"a": "9223372036854775808"},
	{"a": "007"},
	{"notin": "notin"},
	{"example.com/a": "b"},
	{"x": "y", "a": "b", "z": "1"},
}

func inputs() []string {
	long, longer := strings.Repeat("k", 63), strings.Repeat("k", 64)
	domain := strings.Repeat("d", 253)
	found := []string{
		"", " ", "\t\r\n", "a", "!a", "! a", "a,b", "a, b", "a,!b", "a,", ",a", ",", "!", "!!a", "!a,", "a b", "a,,b", "a ,b ",
		"a=b", "a==b", "a!=b", "a = b", "a\t==\nb", "a=", "a==", "a!=", "a=,b", "a=b,", "a===b", "a=!b", "a!==b", "a=b=c", "=b", "==", "!=b", "a=b c",
		"a in (b)", "a in (b,c)", "a in (c,b,b)", "a in(b)", "a in (b, c )", "a in ()", "a in (,)", "a in (b,)", "a in (,b)", "a in (b,,c)", "a in (,,)",
		"a in (b c)", "a in (b", "a in b", "a in", "a in (", "a in ((b))", "a in (b))", "a in (=)", "a in (!b)", "a in (b),", "a in (b) c", "a in (b),c in (d)",
		"a notin (b)", "a notin (b,c)", "a notin ()", "a notin", "a notin b", "a not in (b)", "a NOTIN (b)", "a In (b)", "in", "notin", "in in (in)",
		"notin notin (notin)", "in=notin", "a=in", "a in (in,notin)", "!in", "in,notin", "a>5", "a<6", "a > 5", "a>b", "a>", "a>-1", "a>+1", "a>5.0", "a>=5",
		"a<=5", "a<>5", "a>5,a<9", "a>9223372036854775807", "a>9223372036854775808", "a>0x5", "a>05", "!a=b", "!a in (b)", "!a>5", "z=1,a=b,x=y", "a=c,a=b",
		"a,a", "b=x,a in (c)", long, longer, long + "=v", "a=" + long, "a=" + longer, domain + "/a", "d" + domain + "/a", "a/b", "a/b/c", "/a", "a/", "A/b",
		"a.b/c=d", "-a/b", "a..b/c", "a-/b", "a_b/c", "example.com/a=b", "example.com/" + long, "example.com/" + longer, "_a", "a_", "-a", "a-", ".a", "a.", "a.b",
		"a_b", "a-b", "a--b", "A", "0", "a=-b", "a=b-", "a=_", "a=.", "a=b.c", "a=b/c", "a=B", "a=0", "ä", "a=ä", "a in (ä)", "a\u00a0=b", "a=b\u2003", "a;b", "a|b",
		"a=\"b\"", "'a'=b", "a=b&c", "a=*", "*", "a:b", "a={b}", "a\\=b", "a(b)", "(a)", ")", "(", "a)b", "a!b", "a!", "a<", "<5", ">5", "a=(b)", "a=<", "a,in (b)",
		"x in (foo,,baz),y,z notin ()", "app=web,tier in (front,back),!canary", "a in (1,10,2)", "a in (B,a)",
	}
	for _, left := range []string{"a", "!a", "in", "example.com/a", ""} {
		for _, operator := range []string{"=", "==", "!=", " in ", " notin ", ">", "<", "!", ",", "(", ")", " "} {
			for _, right := range []string{"", "b", "5", "in", "(b)", "()", "!b", ",", "=", "(b", "b)"} {
				found = append(found, left+operator+right)
			}
		}
	}
	return found
}

func models() []*metav1.LabelSelector {
	found := []*metav1.LabelSelector{
		nil,
		{},
		{MatchLabels: map[string]string{"a": "b"}},
		{MatchLabels: map[string]string{"x": "y", "a": "b"}},
		{MatchLabels: map[string]string{"a": "no good"}},
		{MatchLabels: map[string]string{"": "b"}},
	}
	for _, operator := range []string{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "in", ""} {
		for _, values := range [][]string{nil, {"b"}, {"c", "b"}, {""}, {"b", "b"}} {
			found = append(found, &metav1.LabelSelector{
				MatchLabels: map[string]string{"z": "1"},
				MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "a", Operator: metav1.LabelSelectorOperator(operator), Values: values},
				},
			})
		}
	}
	return found
}

func matches(selector labels.Selector) []bool {
	var found []bool
	for _, candidate := range candidates {
		found = append(found, selector.Matches(candidate))
	}
	return found
}

func main() {
	out := json.NewEncoder(os.Stdout)
	write := func(line any) {
		if err := out.Encode(line); err != nil {
			panic(err)
		}
	}
	write(sets{candidates})
	for _, input := range inputs() {
		made := row{Input: input}
		if selector, err := labels.Parse(input); err == nil {
			made.OK, made.Canonical, made.Matches = true, selector.String(), matches(selector)
		}
		write(made)
	}
	for _, model := range models() {
		made := modelRow{Model: model}
		if selector, err := metav1.LabelSelectorAsSelector(model); err == nil {
			made.OK, made.Canonical, made.Matches = true, selector.String(), matches(selector)
		}
		write(made)
	}
}
