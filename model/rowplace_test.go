package model

import "testing"

func TestALockIDIsTakenApartAsItsClientPutItTogether(t *testing.T) {
	const point = "arn:aws:s3:us-east-1:123456789012:accesspoint/tfstate-ap"
	for id, want := range map[string]struct {
		bucket, key string
		ok          bool
	}{
		"acme/a/app.tfstate":     {"acme", "a/app.tfstate", true},
		"acme//app.tfstate":      {"acme", "/app.tfstate", true},
		point + "/a/app.tfstate": {point, "a/app.tfstate", true},
		point + "/a.tfstate-md5": {point, "a.tfstate-md5", true},
		"arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:ap/a":                         {"arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:ap", "a", true},
		"arn:aws:s3::123456789012:accesspoint/m.mrap/a":                                  {"arn:aws:s3::123456789012:accesspoint/m.mrap", "a", true},
		"arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap/a/b":     {"arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap", "a/b", true},
		"arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/ol/a/accesspoint/b": {"arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/ol", "a/accesspoint/b", true},
		"ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias/a":                                {"ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias", "a", true},
		"s3://acme/a/app.tfstate":                                                        {"s3://acme", "a/app.tfstate", true},
		"acme/arn:aws:accesspoint/x/y":                                                   {"acme", "arn:aws:accesspoint/x/y", true},
		"nightly-job":                                                                    {"nightly-job", "", false},
		"acme/":                                                                          {"acme", "", false},
		"/a.tfstate":                                                                     {"", "a.tfstate", false},
		"":                                                                               {"", "", false},
		"my job/a":                                                                       {"my job", "a", false},
		"arn:aws:dynamodb:us-east-1:123456789012:table/x":                                {"arn:aws:dynamodb:us-east-1:123456789012:table", "x", false},
		point:       {point, "", false},
		"s3://":     {"s3://", "", false},
		"s3://acme": {"s3://acme", "", false},
	} {
		bucket, key, ok := RowPlace(id)
		if bucket != want.bucket || key != want.key || ok != want.ok {
			t.Errorf("%q: %q %q %v, want %q %q %v", id, bucket, key, ok, want.bucket, want.key, want.ok)
		}
		if !ok {
			continue
		}
		if got := LockID(bucket, key); got != id {
			t.Errorf("%q is put together again as %q", id, got)
		}
		if b, k, err := SplitTarget("s3://" + id); err != nil || b != bucket || k != key {
			t.Errorf("s3://%s names %q %q (%v)", id, b, k, err)
		}
	}
}
