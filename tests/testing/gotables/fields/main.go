// Prints how Go writes the fields of Kubernetes' types, as far as OpenAPI documents do not have it: one JSON object by
// the names of schemas. The value of a field has letters, then an optional ":" and the name of the Go type, then an
// optional "@" and the names of the embedded structs that it stands in.
//
//	p: a pointer to a scalar, so that a zero value is written
//	r: written even if it is empty
//	v: a struct without pointer, which is always written
//	z: a struct without pointer, which is omitted if it is empty
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var found = map[string]map[string]string{}

type named interface{ OpenAPIModelName() string }

func nameOf(t reflect.Type) string {
	if value, ok := reflect.New(t).Interface().(named); ok {
		return value.OpenAPIModelName()
	}
	parts := strings.Split(t.PkgPath(), "/")
	host := strings.Split(parts[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	return strings.Join(append(append(host, parts[1:]...), t.Name()), ".")
}

func isCustom(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

func walk(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		walk(t.Elem())
	case reflect.Struct:
		name := nameOf(t)
		if _, done := found[name]; done || isCustom(t) {
			return
		}
		found[name] = map[string]string{}
		fields(t, found[name], "")
	}
}

func fields(t reflect.Type, into map[string]string, embedded string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if field.Anonymous && name == "" {
			// Kind and version of whole objects are read before their other fields; those of options are not.
			if field.Name == "TypeMeta" && !strings.HasSuffix(t.Name(), "Options") {
				continue
			}
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			fields(inner, into, strings.TrimPrefix(embedded+"."+field.Name, "."))
			continue
		}
		if name == "" {
			name = field.Name
		}
		walk(field.Type)
		if code := code(field.Type, options, embedded); code != "" {
			into[name] = code
		}
	}
}

func code(t reflect.Type, options, embedded string) string {
	isPointer := t.Kind() == reflect.Pointer
	inner := t
	if isPointer {
		inner = t.Elem()
	}
	isStruct := inner.Kind() == reflect.Struct
	result := ""
	switch {
	case isStruct && !isPointer && strings.Contains(options, "omitzero"):
		result = "z"
	case isStruct && !isPointer:
		result = "v"
	case !strings.Contains(options, "omit"):
		result = "r"
	}
	if isPointer && !isStruct {
		result += "p"
	}
	if text := inner.String(); !isStruct && text != plain(inner) {
		result += ":" + text
	}
	if embedded != "" {
		result += "@" + embedded
	}
	return result
}

// plain returns the name of the type that a reader of an OpenAPI document expects.
func plain(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + elem(t.Elem())
	case reflect.Map:
		return "map[string]" + elem(t.Elem())
	}
	return t.Kind().String()
}

func elem(t reflect.Type) string {
	if t.Kind() == reflect.Struct {
		return t.String()
	}
	return plain(t)
}

func main() {
	all := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme} {
		if err := add(all); err != nil {
			panic(err)
		}
	}
	for kind, t := range all.AllKnownTypes() {
		if kind.Version != runtime.APIVersionInternal && !strings.HasSuffix(kind.Kind, "List") {
			walk(t)
		}
	}
	for name, fields := range found {
		if len(fields) == 0 {
			delete(found, name)
		}
	}
	output := json.NewEncoder(os.Stdout)
	if err := output.Encode(found); err != nil {
		panic(err)
	}
}
