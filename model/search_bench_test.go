package model

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkSearchAState searches a state of 10 MB.
func BenchmarkSearchAState(b *testing.B) {
	var body strings.Builder
	body.WriteString(`{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "3f1d9e0a", "outputs": {}, "resources": [`)
	for i := 0; body.Len() < 10<<20; i++ {
		if i > 0 {
			body.WriteString(",")
		}
		fmt.Fprintf(&body, `
    {"mode": "managed", "type": "aws_instance", "name": "r%d", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [
     {"schema_version": 1, "attributes": {"arn": "arn:aws:ec2:eu-west-1:123456789012:instance/i-%08x", "id": "i-%08x", "password": "demo-not-a-secret-%d",
      "user_data": "#!/bin/sh\n%s"}, "sensitive_attributes": []}]}`, i, i, i, i, strings.Repeat(`echo \"nothing in particular\"\n`, 24))
	}
	body.WriteString("\n]}\n")
	state := []byte(body.String())
	for name, pattern := range map[string]string{
		"without the ARN":     "arn:aws:ec2:eu-west-1:123456789012:instance/i-nowhere",
		"without a word":      "nowhere",
		"with the ARN":        "arn:aws:ec2:eu-west-1:123456789012:instance/i-00000042",
		"with a word in each": "aws_instance",
		"with a text in each": "particular",
	} {
		b.Run(name, func(b *testing.B) {
			q, err := ParseSearch(pattern)
			if err != nil {
				b.Fatal(err)
			}
			q.Limit = 100
			b.SetBytes(int64(len(state)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := q.Search(state, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
