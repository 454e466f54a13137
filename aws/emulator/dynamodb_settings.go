package emulator

import (
	"net/http"
	"slices"
)

func (d *dynamoStore) describeBackups(c *call, in *tableInput) (any, error) {
	t, err := d.backedUp(c, in.TableName)
	if err != nil {
		return nil, err
	}
	return t.backups(c.Time), nil
}

// backedUp finds a table for the backup operations, which have an error code
// of their own.
func (d *dynamoStore) backedUp(c *call, name string) (*table, error) {
	t, err := d.table(c, name)
	if err != nil && name != "" {
		return nil, fail(http.StatusBadRequest, "TableNotFoundException", "Table not found: %s", tableName(name))
	}
	return t, err
}

type updateBackupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification struct {
		PointInTimeRecoveryEnabled bool
		RecoveryPeriodInDays       int
	}
}

func (d *dynamoStore) updateBackups(c *call, in *updateBackupsInput) (any, error) {
	t, err := d.backedUp(c, in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.PointInTimeRecoverySpecification
	if spec.PointInTimeRecoveryEnabled && !t.recovery {
		t.recoverySince = c.Time
	}
	t.recovery = spec.PointInTimeRecoveryEnabled
	t.recoveryDays = choose(spec.RecoveryPeriodInDays > 0, spec.RecoveryPeriodInDays, 35)
	return t.backups(c.Time), nil
}

func (d *dynamoStore) describeTTL(c *call, in *tableInput) (any, error) {
	t, err := d.described(c, in.TableName)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"TimeToLiveStatus": choose(t.ttlOn, "ENABLED", "DISABLED")}
	if t.ttlOn {
		out["AttributeName"] = t.ttlAttribute
	}
	return map[string]any{"TimeToLiveDescription": out}, nil
}

type ttlInput struct {
	TableName               string
	TimeToLiveSpecification struct {
		Enabled       bool
		AttributeName string
	}
}

// updateTTL keeps the setting; items do not expire in the emulator.
func (d *dynamoStore) updateTTL(c *call, in *ttlInput) (any, error) {
	t, err := d.described(c, in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	if spec.Enabled == t.ttlOn {
		return nil, validation("TimeToLive is already %s", choose(t.ttlOn, "enabled", "disabled"))
	}
	t.ttlOn, t.ttlAttribute = spec.Enabled, spec.AttributeName
	return map[string]any{"TimeToLiveSpecification": map[string]any{"Enabled": t.ttlOn, "AttributeName": t.ttlAttribute}}, nil
}

type tagsInput struct {
	ResourceArn string
	Tags        []dynamoTag
	TagKeys     []string
}

func (d *dynamoStore) listTags(c *call, in *tagsInput) (any, error) {
	t, err := d.table(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Tags": append([]dynamoTag{}, t.tags...)}, nil
}

func (d *dynamoStore) tag(c *call, in *tagsInput) (any, error) {
	t, err := d.table(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, one := range in.Tags {
		t.dropTag(one.Key)
		t.tags = append(t.tags, one)
	}
	return nil, nil
}

func (d *dynamoStore) untag(c *call, in *tagsInput) (any, error) {
	t, err := d.table(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, name := range in.TagKeys {
		t.dropTag(name)
	}
	return nil, nil
}

func (t *table) dropTag(name string) {
	t.tags = slices.DeleteFunc(t.tags, func(one dynamoTag) bool { return one.Key == name })
}

// resourcePolicy is always absent: the emulator keeps none.
func (d *dynamoStore) resourcePolicy(c *call, in *tagsInput) (any, error) {
	if _, err := d.table(c, in.ResourceArn); err != nil {
		return nil, err
	}
	return nil, fail(http.StatusBadRequest, "PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn")
}
