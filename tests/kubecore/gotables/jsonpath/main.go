// Writes what client-go's own JSONPath finds: one JSON object a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"k8s.io/client-go/util/jsonpath"
)

type row struct {
	Path   string   `json:"path"`
	Object string   `json:"object"`
	OK     bool     `json:"ok"`
	Found  []string `json:"found"` // Sorted: Go's maps have no order.
	Texts  []string `json:"texts"` // What kubectl wait compares.
}

var objects = []string{
	`{"metadata":{"name":"web","labels":{"app":"web","example.com/tier":"a"},"generation":2},"spec":{"replicas":3,"paused":false,"ratio":0.5,"nothing":null},` +
		`"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","n":1},{"type":"Available","status":"False","n":2},{"type":"It's","status":"True"}],` +
		`"numbers":[1,2,3,4,5],"empty":[],"mixed":[1,"two",null,true,2.5,{"a":1},[1]],"pair":{"a":1,"b":"ü"}}}`,
	`{"status":{"numbers":[7],"conditions":[],"phase":""},"a":{"a":{"a":{"b":1}}},"x":[{"y":[{"z":1},{"z":2}]},{"y":[]}]}`,
	`{"f":[1.5,1000000.5,1e6,123456,1234567.0,1e21,0.0001,0.00001,1e-7,-0.25,100000.0]}`,
	`{"e":[[1],[],[2,3]]}`,
	`{"a":{"}":1,"{":2,"x}y":3,"{}":4},"items":[{"type":"{x}","n":1},{"type":"}","n":2},{"type":"{","n":3}]}`,
	`{}`,
}

var paths = []string{
	".metadata.name", ".metadata", ".metadata.labels", ".metadata.labels['app']", `.metadata.labels.example\.com/tier`, `.metadata.labels['example\.com/tier']`,
	".metadata.labels['example.com/tier']", `.metadata.labels["app"]`, ".metadata.generation", ".nope", ".metadata.nope", ".metadata.name.nope", ".spec.replicas",
	".spec.paused", ".spec.ratio", ".spec.nothing", ".spec.nothing.x", ".spec.*", ".status.*", ".status.pair.*", ".status.numbers.*", ".metadata.name.*",
	".status.numbers[0]", ".status.numbers[-1]", ".status.numbers[4]", ".status.numbers[5]", ".status.numbers[-5]", ".status.numbers[-6]", ".status.numbers[*]",
	".status.numbers[:]", ".status.numbers[1:3]", ".status.numbers[1:]", ".status.numbers[:2]", ".status.numbers[-2:]", ".status.numbers[:-1]", ".status.numbers[-3:-1]",
	".status.numbers[::2]", ".status.numbers[0:5:2]", ".status.numbers[1::3]", ".status.numbers[::0]", ".status.numbers[::-1]", ".status.numbers[2:2]", ".status.numbers[3:1]",
	".status.numbers[0:9]", ".status.numbers[7:7]", ".status.numbers[]", ".status.numbers[-]", ".status.numbers[a]", ".status.numbers[1.5]", ".status.numbers[ 1 ]",
	".status.numbers[1,2]", ".status.numbers[0,0]", ".status.numbers[0, -1]", ".status.numbers[0:2,-1]", ".status.numbers[*,0]", ".status.numbers[9,0]",
	".status.numbers[99999999999999999999]", ".status.numbers[", ".status.numbers[0", ".status.numbers]", ".status.numbers[0]]", ".status.numbers[[0]]",
	".status.empty[0]", ".status.empty[-1]", ".status.empty[*]", ".status.empty[:]", ".status.empty[0:1]", ".status.phase[0]", ".status.pair[0]", ".status.pair[*]",
	".status.conditions[*].type", ".status.conditions[0].status", ".status.conditions[-1].type", ".status.conditions.type", ".status.conditions[0,1].type",
	".status.conditions[0]['type','status']", ".status['phase','pair']", ".status['phase', 'nope']", "['status']", "['status']['phase']", "['status'].phase", "['status','spec']",
	`.status.conditions[?(@.type=="Ready")].status`, `.status.conditions[?(@.type=='Ready')].status`, `.status.conditions[?(@.type == "Ready")].status`,
	`.status.conditions[?(@.type!="Ready")].type`, `.status.conditions[?(@.type=="Nope")].status`, `.status.conditions[?(@.n)].type`, `.status.conditions[?(@.nope)].type`,
	`.status.conditions[?(@.n==1)].type`, `.status.conditions[?(@.n>1)].type`, `.status.conditions[?(@.n>=1)].type`, `.status.conditions[?(@.n<2)].type`,
	`.status.conditions[?(@.n<=2)].type`, `.status.conditions[?(@.n!=1)].type`, `.status.conditions[?(@.n==1.0)].type`, `.status.conditions[?(@.n=="1")].type`,
	`.status.conditions[?(1==@.n)].type`, `.status.conditions[?(@.type>"B")].type`, `.status.conditions[?(@.type=="It's")].status`, `.status.conditions[?(@.type=='It\'s')].status`,
	`.status.conditions[?(@.type=="It\u0027s")].status`, `.status.conditions[?(@['type']=="Ready")].status`, `.status.conditions[?(@.type==Ready)].status`,
	`.status.conditions[?(@.type="Ready")].status`, `.status.conditions[?(@.type=>"Ready")].status`, `.status.conditions[?(@.type=="Ready"].status`,
	`.status.conditions[?(@.type=="Ready)].status`, `.status.conditions[?(@.type=="Re)ady")].status`, `.status.conditions[?(@.type==@.type)].type`,
	`.status.conditions[?(@.type==@.status)].type`, `.status.conditions[?(@.*=="Ready")].type`, `.status.conditions[?()].type`, `.status.conditions[?(=="Ready")].type`,
	`.status.conditions[?(@.type==)].type`, `.status.conditions[?(@.n==true)].type`, `.status.conditions[?(@.n==-1)].type`, `.status.conditions[?(@.n>-1)].type`,
	`.status.numbers[?(@>2)]`, `.status.numbers[?(@==3)]`, `.status.numbers[?(@!=3)]`, `.status.numbers[?(@>"2")]`, `.status.numbers[?(@>2.5)]`, `.status.numbers[?(@<+3)]`,
	`.status.mixed[?(@=="two")]`, `.status.mixed[?(@.a==1)]`, `.status.mixed[?(@.a)]`, `.status.mixed[*]`, `.status.mixed[3]`, `.status.mixed[2]`, `.status.mixed[4]`,
	`.status.phase[?(@.a=="b")]`, `.status.pair[?(@.a==1)]`, `.status.empty[?(@.a=="b")]`, `.nope[?(@.a=="b")]`, `.spec.nothing[?(@.a=="b")]`, `.spec.nothing[0]`,
	"..type", "..name", "..a", "..b", "..z", "..nope", "..a.a", "..a..b", "..y[*].z", "..y.z", "..", "..*", "...", "....a", "..[0]", "..['a']", "..conditions[0].type", "..numbers[*]",
	"..conditions[?(@.n==1)].type", ".x[*].y[*].z", ".x[*].y[0].z", ".x[*].y[:].z", ".x[0].y[*]['z']", ".x[*].y[?(@.z>1)].z", ".x.*.y.*.z", ".f[*]", ".f.*", ".e[*][:]", ".e[*][1:1]", ".e[*][*]",
	`.status.conditions[?(@.type=="Re\")ady")].status`, `.status.conditions[?(@.type!="Re\")ady")].status`,
	"", ".", ".*", "$", "@", "$.status.phase", "@.status.phase", "$.status.$.phase", ". metadata", ".metadata .name", " .metadata.name", ".metadata.name ", ".metadata\t.name",
	".metadata\n.name", "metadata", "metadata.name", "range", ".metadata.name-x", ".metadata.[name]", ".status.numbers.[0]", ".status.numbers.0", ".status.'phase'",
	`'text'`, `"text"`, `"te\"xt"`, `'te\'xt'`, `"te\'xt"`, `"\x41\u00fc\101\n"`, `"\q"`, `"open`, `""`, `''`, "5", "-5", "+5", "1.5", "1.2.3", "-", "true", "false", "trueish",
	".metadata.name'x'", ".metadata.name true", ".metadata.name 5", ".nope 5", ".nope 'x'", ".metadata,name", ".metadata%", "#", ".metadata..name", ".ü", "ü", "_x", ".a.a.a.b",
	`.metadata\.name`, `.metadata\`, ".metadata.na\\me", "['a']['a']", "['a'].a['a','b']", "['a\\'b']", "['a]b']", "['']", "['a' ]", "[ 'a']", "['a','a']", "['a',]", "[,]", "[]", "[*]",
	`.a.x\}y`, `.a.\{\}`, ".a.x}y", `.a['x\}y']`, `.a['\{']`, `.items[?(@.type=="{x}")].n`, `.items[?(@.type=='}')].n`, `'{'`, `"}{"`, `"\}"`,
}

func result(path, object string) row {
	made := row{Path: path, Object: object, Found: []string{}, Texts: []string{}}
	var data any
	if err := json.Unmarshal([]byte(object), &data); err != nil {
		panic(err)
	}
	parser := jsonpath.New("table").AllowMissingKeys(true)
	if parser.Parse("{"+path+"}") != nil {
		return made
	}
	found, err := parser.FindResults(integers(data))
	if err != nil || len(found) != 1 {
		return made
	}
	made.OK = true
	for _, value := range found[0] {
		text, err := json.Marshal(value.Interface())
		if err != nil {
			panic(err)
		}
		made.Found = append(made.Found, string(text))
		switch value.Interface().(type) {
		case map[string]any, []any:
		default:
			made.Texts = append(made.Texts, fmt.Sprintf("%v", value.Interface()))
		}
	}
	sort.Strings(made.Found)
	sort.Strings(made.Texts)
	return made
}

// integers makes int64 of what was written without a fraction, as Kubernetes' decoder does.
func integers(data any) any {
	switch value := data.(type) {
	case map[string]any:
		for key := range value {
			value[key] = integers(value[key])
		}
	case []any:
		for index := range value {
			value[index] = integers(value[index])
		}
	case float64:
		if value == float64(int64(value)) && value < 100000 {
			return int64(value)
		}
	}
	return data
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, object := range objects {
		for _, path := range paths {
			if err := out.Encode(result(path, object)); err != nil {
				panic(err)
			}
		}
	}
}
