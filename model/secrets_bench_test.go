package model

import (
	"bytes"
	"fmt"
	"testing"
)

// secretResources is a state of about size bytes in which one resource in every
// has a sensitive attribute and repeats it, as Terraform writes it.
func secretResources(size, every int) []byte {
	var b bytes.Buffer
	b.WriteString(benchmarkHead)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		paths := "[]"
		if i%every == 0 {
			paths = `[[{"type":"get_attr","value":"master"}]]`
		}
		fmt.Fprintf(&b, `{"module":"module.team[\"t%d\"]","mode":"managed","type":"aws_db_instance","name":"db_%d","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":1,"attributes":{"arn":"arn:aws:rds:eu-west-1:123456789012:db:d%d","master":"value-%08d-of-this-one","url":"postgres://u:value-%08d-of-this-one@db.example","tags":{"team":"t%d","purpose":%q}},"sensitive_attributes":%s,"dependencies":["aws_vpc.main"]}]}`,
			i/100, i, i, i, i, i/100, "a description of what the database is good for, of the length that these have", paths)
	}
	b.WriteString("],\"check_results\":null}\n")
	return b.Bytes()
}

// BenchmarkReadDocument100MB indexes 100 MB and learns their secrets.
func BenchmarkReadDocument100MB(b *testing.B) {
	for name, body := range map[string][]byte{
		"no secrets, large resources": largeResources(benchmarkSize),
		"a secret in every 100th":     secretResources(benchmarkSize, 100),
		"a secret in every resource":  secretResources(benchmarkSize, 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var d StateDocument
			var err error
			for b.Loop() {
				if d, err = ReadDocument("", body); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(d.Secrets.Len()), "secrets")
		})
	}
}

// BenchmarkLearn100MB learns the secrets of 100 MB that are indexed already.
func BenchmarkLearn100MB(b *testing.B) {
	for name, every := range map[string]int{"a secret in every 100th": 100, "a secret in every resource": 1} {
		body := secretResources(benchmarkSize, every)
		x, err := IndexState(body)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := NewSecrets().Learn(body, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMask masks 100 MB of text, and a short one, with thousands of secrets known.
func BenchmarkMask(b *testing.B) {
	d, err := ReadDocument("", secretResources(benchmarkSize, 100))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("a state of 100 MB", func(b *testing.B) {
		b.SetBytes(int64(len(d.Body)))
		out := make([]byte, 0, len(d.Body)+1<<20)
		for b.Loop() {
			if _, err := d.AppendMasked(out[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one value", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if d.Secrets.Mask("postgres://u:value-00000100-of-this-one@db.example") == "" {
				b.Fatal("nothing")
			}
		}
	})
}
