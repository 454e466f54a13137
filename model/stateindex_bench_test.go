package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

const benchmarkSize = 100 << 20

// BenchmarkIndexState100MB indexes 100 MB in the shapes that matter and reports
// what the index keeps alive beside the body.
func BenchmarkIndexState100MB(b *testing.B) {
	shapes := map[string]func() []byte{
		"large resources, as Terraform writes them": func() []byte { return indented(largeResources(benchmarkSize * 8 / 10)) },
		"large resources, as OpenTofu writes them":  func() []byte { return largeResources(benchmarkSize) },
		"200k small resources":                      func() []byte { return smallResources(200_000, benchmarkSize) },
	}
	for name, body := range shapes {
		b.Run(name, func(b *testing.B) { benchmarkIndex(b, body()) })
	}
}

func benchmarkIndex(b *testing.B, body []byte) {
	b.SetBytes(int64(len(body)))
	var index *StateIndex
	var err error
	for b.Loop() {
		if index, err = IndexState(body); err != nil {
			b.Fatal(err)
		}
	}
	with := heapInUse()
	b.ReportMetric(float64(index.ResourceCount()), "resources")
	runtime.KeepAlive(index)
	index = nil
	b.ReportMetric((float64(with)-float64(heapInUse()))/1e6, "MB-retained")
	runtime.KeepAlive(body)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkParse100MB only parses the small resources: what the decoder costs
// before anything is indexed.
func BenchmarkParse100MB(b *testing.B) {
	body := smallResources(200_000, benchmarkSize)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := newStateScanner(body, 0, false).skip(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSpliceSerial100MB includes both readings of the state.
func BenchmarkSpliceSerial100MB(b *testing.B) {
	body := largeResources(benchmarkSize)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := SpliceSerial(body, 7); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadHeader reads what one ranged GET of 512 bytes returns.
func BenchmarkReadHeader(b *testing.B) {
	body := indented(largeResources(1 << 20))
	for b.Loop() {
		if h := ReadHeader(body[:512], int64(len(body))); !h.Complete() {
			b.Fatal("the header is not complete")
		}
	}
}

const benchmarkHead = `{"version":4,"terraform_version":"1.11.4","serial":41,"lineage":"5b016d96-95c2-717e-1872-b789a17ddc19","outputs":{},"resources":[`

// largeResources is a compact state of about size bytes, whose resources have
// 1 to 50 kB of attributes.
func largeResources(size int) []byte {
	var b bytes.Buffer
	b.WriteString(benchmarkHead)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"module":"module.team[\"t%d\"]","mode":"managed","type":"aws_iam_policy","name":"policy_%d","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":1,"attributes":{"arn":"arn:aws:iam::123456789012:policy/p%d","enabled":true,"description":null`, i/100, i, i)
		for k := range 1 + i%50 {
			fmt.Fprintf(&b, `,"statement_%d":{"sid":"Statement%d","effect":"Allow","size":%d,"actions":["s3:GetObject","s3:PutObject","s3:ListBucket"],"json":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}","text":%q}`,
				k, k, k*1000, strings.Repeat("resource of the policy ", 30))
		}
		b.WriteString(`},"sensitive_attributes":[],"private":"eyJzY2hlbWFfdmVyc2lvbiI6IjEifQ==","dependencies":["aws_vpc.main","module.net.aws_subnet.a"]}]}`)
	}
	b.WriteString("],\"check_results\":null}\n")
	return b.Bytes()
}

// smallResources is a state of n resources that are about equal in size.
func smallResources(n, size int) []byte {
	var b bytes.Buffer
	b.WriteString(benchmarkHead)
	filler := strings.Repeat("x", max(0, size/n-330))
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"module":"module.zone[\"z%d\"]","mode":"managed","type":"aws_route53_record","name":"record_%06d","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":2,"attributes":{"id":"Z1_%d","ttl":300,"fqdn":%q},"sensitive_attributes":[],"dependencies":["aws_route53_zone.main"]}]}`, i/400, i, i, filler) // sorted by module, as Terraform does
	}
	b.WriteString("],\"check_results\":null}\n")
	return b.Bytes()
}

// indented is the state as Terraform writes it.
func indented(state []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, state, "", "  "); err != nil {
		return nil
	}
	return b.Bytes()
}
