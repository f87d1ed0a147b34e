// Writes what Kubernetes' own library makes of amounts: one JSON object a line.
package main

import (
	"encoding/json"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

type row struct {
	Input     string `json:"input"`
	OK        bool   `json:"ok"`
	Canonical string `json:"canonical,omitempty"`
	Value     string `json:"value,omitempty"`
}

func inputs() []string {
	found := []string{
		"", " ", "1 ", " 1", ".", "-", "+", "-.", "1.", ".5", "-.5", "+.5", "0x1", "1,5", "1_0", "1e", "1E", "1e+", "1ee3", "e3", "m", "Ki", ".Ki",
		"1KI", "1ki", "1mi", "1Kib", "1kk", "1iK", "1.2.3", "--1", "+-1", "1-", "Infinity", "NaN", "1n5", "1m-3", "１",
		"9223372036854775807", "9223372036854775808", "-9223372036854775809", "92233720368547758070", "8Ei", "7Ei", "9E", "10E", "-10E",
		"0.1n", "0.0000000001", "-0.0000000001", "1.1n", "1e-9", "1e-10", "1e-12", "1e18", "1e19", "1e3", "1E3", "1e0", "1e-3", "12e6", "120e6", "1.5e2",
		"123456789.123456789", "123456789.1234567891", "100", "1000", "1024", "1023Ki", "1025Ki", "2047Mi", "0.5Ki", "0.5Mi", "0.001Ki", "1.5Gi", "1.3Gi",
		"1000000", "1500000", "0.25", "0.0025", "00012", "-0", "0m", "0Ki", "000", "-5m", "-1.5Gi", "1000m", "1500m", "100000000000000000000000000000000",
		"0.000000000000000000000000000000001", "1048576", "1048576Ki", "999999999999n", "1000000000n", "3.14159k", "0.3Ki", "0.9999999999Ki",
	}
	for _, number := range []string{"0", "1", "-1", "5", "12", "100", "999", "1000", "1024", "1536", "0.1", "0.5", "1.25", "-2.75", "12345.678"} {
		for _, suffix := range []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e1", "e2", "e3", "e4", "e-1", "E6", "e-6"} {
			found = append(found, number+suffix)
		}
	}
	return found
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, input := range inputs() {
		made := row{Input: input}
		if parsed, err := resource.ParseQuantity(input); err == nil {
			// Parsed amounts remember their text: a new one of the same value does not.
			value, format := parsed.DeepCopy(), parsed.Format
			fresh := resource.NewDecimalQuantity(*value.AsDec(), format)
			made.OK, made.Canonical, made.Value = true, fresh.String(), value.AsDec().String()
		}
		if err := out.Encode(made); err != nil {
			panic(err)
		}
	}
}
