package model

import "testing"

func TestCommandLines(t *testing.T) {
	demo := []string{"KEY=demo", "WORD=a b"}
	eu := Access{Profile: "prod", Endpoints: map[string]string{"s3": "https://s3.example"}}
	for name, c := range map[string]struct {
		program Program
		line    func(Program) string
		want    string
	}{
		"bare":                         {Program{}, func(p Program) string { return p.Command("locks", "s3://b/k") }, "stateward locks s3://b/k"},
		"without a word":               {Program{}, func(p Program) string { return p.Command() }, "stateward"},
		"the flags come last":          {Program{Flags: []string{"--profile=oncall", "--lock-table=a b"}}, func(p Program) string { return p.Command("states") }, "stateward states --profile=oncall '--lock-table=a b'"},
		"an empty flag stays one":      {Program{Flags: []string{"--workspace-key-prefix="}}, func(p Program) string { return p.Command("states") }, "stateward states --workspace-key-prefix="},
		"the environment comes first":  {Program{Env: demo}, func(p Program) string { return p.Command("states") }, "KEY=demo WORD='a b' stateward states"},
		"a key that a shell would run": {Program{}, func(p Program) string { return p.Command("history", "s3://b/$(x)'") }, `stateward history 's3://b/$(x)'\'''`},
		"a restore":                    {Program{Flags: []string{"--region=x"}}, func(p Program) string { return p.Restore("s3://b/k", "v 1") }, "stateward restore s3://b/k --version-id 'v 1' --region=x"},
		"an unlock":                    {Program{}, func(p Program) string { return p.Unlock("s3://b/k", Lock{Info: LockInfo{ID: "one"}}) }, "stateward unlock s3://b/k --lock-id one"},
		"aws, bare":                    {Program{}, func(p Program) string { return p.AWS(Access{}, "s3", "", "s3api", "list-buckets") }, "aws s3api list-buckets"},
		"aws takes no flags of ours": {Program{Flags: []string{"--profile=x"}, Profile: "oncall", EndpointURL: "http://h"},
			func(p Program) string { return p.AWS(Access{}, "s3", "eu-west-1", "s3api", "list-buckets") }, "aws s3api list-buckets --region eu-west-1 --profile oncall --endpoint-url http://h"},
		"aws, a backend of its own": {Program{Profile: "oncall", EndpointURL: "http://h"},
			func(p Program) string { return p.AWS(eu, "s3", "", "s3api", "list-buckets") }, "aws s3api list-buckets --profile prod --endpoint-url https://s3.example"},
		"aws, another service of it": {Program{EndpointURL: "http://h"},
			func(p Program) string { return p.AWS(eu, "kms", "", "kms", "list-keys") }, "aws kms list-keys --profile prod --endpoint-url http://h"},
		"aws in the demo": {Program{Env: demo}, func(p Program) string { return p.AWS(Access{}, "s3", "", "s3api", "list-buckets") }, "KEY=demo WORD='a b' aws s3api list-buckets"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.line(c.program); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}
