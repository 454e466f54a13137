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
		"aws in the program's region": {Program{Region: "eu-west-1"}, func(p Program) string { return p.AWS(Access{}, "kms", "", "kms", "list-keys") }, "aws kms list-keys --region eu-west-1"},
		"a profile that is only the role's source": {Program{Profile: "oncall", EndpointURL: "http://h"},
			func(p Program) string {
				return p.AWS(Access{RoleARN: "arn:aws:iam::1:role/r", ExternalID: "x y", Endpoints: map[string]string{"sts": "http://sts"}}, "s3", "eu-west-1", "s3api", "list-buckets")
			},
			`(set -- $(aws sts assume-role --role-arn arn:aws:iam::1:role/r --role-session-name stateward --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text --external-id 'x y' --profile oncall --endpoint-url http://sts) && AWS_ACCESS_KEY_ID="${1:?no session}" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3" aws s3api list-buckets --region eu-west-1 --endpoint-url http://h)`},
		"an MFA code is asked of the shell": {Program{}, func(p Program) string {
			return p.AWS(Access{RoleARN: "r", MFASerial: "arn:aws:iam::1:mfa/me"}, "s3", "", "s3api", "list-buckets")
		},
			`(set -- $(aws sts assume-role --role-arn r --role-session-name stateward --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text --serial-number arn:aws:iam::1:mfa/me --token-code "${MFA_CODE:?set it to a fresh code of the MFA device}") && AWS_ACCESS_KEY_ID="${1:?no session}" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3" aws s3api list-buckets)`},
		"a value like an option": {Program{}, func(p Program) string {
			return p.AWS(Access{}, "s3", "", "s3api", "delete-object", "--bucket", "b", "--key", "--bucket")
		}, "aws s3api delete-object --bucket b --key=--bucket"},
		"a key like an address that aws would follow": {Program{}, func(p Program) string {
			return p.AWS(Access{}, "s3", "", "s3api", "delete-object", "--bucket", "b", "--key", "file:///etc/x<&>")
		}, `aws s3api delete-object --bucket b --cli-input-json '{"Key":"file:///etc/x<&>"}'`},
		"a file that aws is to read": {Program{}, func(p Program) string {
			return p.AWS(Access{}, "s3", "", "s3api", "put-bucket-policy", "--policy", fromFile("policy.json"))
		}, "aws s3api put-bucket-policy --policy file://policy.json"},
		"an option without a value": {Program{}, func(p Program) string {
			return p.AWS(Access{}, "dynamodb", "", "dynamodb", "update-table", "--deletion-protection-enabled", "--table-name", "-t")
		}, "aws dynamodb update-table --deletion-protection-enabled --table-name=-t"},
		"no version id, no command":       {Program{}, func(p Program) string { return p.Restore("s3://b/k", "") }, ""},
		"no token, no command":            {Program{}, func(p Program) string { return p.Command("unlock", "s3://b/k", "--lock-id", "") }, ""},
		"no ETag, no command":             {Program{}, func(p Program) string { return p.AWS(Access{}, "s3", "", "s3api", "delete-object", "--if-match", "") }, ""},
		"the null version is one":         {Program{}, func(p Program) string { return p.Restore("s3://b/k", "null") }, "stateward restore s3://b/k --version-id null"},
		"flags stand before what is none": {Program{Flags: []string{"--region=x"}}, func(p Program) string { return p.Command("diff", "--", "s3://b/k", "-v", "w") }, "stateward diff --region=x -- s3://b/k -v w"},
		"a directory that says how":       {Program{Dir: "/home/x y", Flags: []string{"--trust-dir=true"}}, func(p Program) string { return p.Command("states") }, "(cd '/home/x y' && stateward states --trust-dir=true)"},
		"aws needs no directory":          {Program{Dir: "/home/x"}, func(p Program) string { return p.AWS(Access{}, "s3", "", "s3api", "list-buckets") }, "aws s3api list-buckets"},
		"copied, with the demo's keys":    {Program{Env: demo}, func(p Program) string { return p.Paste("aws kms list-keys") }, "KEY=demo WORD='a b' aws kms list-keys"},
		"copied, nothing":                 {Program{Env: demo}, func(p Program) string { return p.Paste("") }, ""},
		"a login":                         {Program{Profile: "x"}, func(p Program) string { return p.Login("on call", "sso", "login") }, "aws sso login --profile 'on call'"},
		"a login of the default profile":  {Program{Profile: "x"}, func(p Program) string { return p.Login("", "login") }, "aws login"},
		"aws in the demo":                 {Program{Env: demo}, func(p Program) string { return p.AWS(Access{}, "s3", "", "s3api", "list-buckets") }, "KEY=demo WORD='a b' aws s3api list-buckets"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.line(c.program); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}
