package ui

// sampleBodies are the whole states of the sample fleet: one of them.
func sampleBodies() map[string]string {
	return map[string]string{"s3://acme-tfstate-data/warehouse/terraform.tfstate": sampleBody}
}

// theSecret is what no page may show by itself.
const theSecret = "not-a-real-password"

const sampleBody = `{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 57,
  "lineage": "9d2f6a1e-0c1b-4a52-8f7d-2b8e6a90c1c1",
  "outputs": {
    "endpoint": {"value": "warehouse.example:5439", "type": "string"},
    "url": {"value": "redshift://admin:not-a-real-password@warehouse.example:5439", "type": "string"},
    "warehouse_password": {"value": "not-a-real-password", "type": "string", "sensitive": true},
    "zones": {"value": ["eu-west-1a", "eu-west-1b"], "type": ["tuple", ["string", "string"]]}
  },
  "resources": [
    {"mode": "data", "type": "aws_caller_identity", "name": "current", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": [{"schema_version": 0, "attributes": {"account_id": "123456789012"}, "sensitive_attributes": []}]},
    {"mode": "managed", "type": "aws_redshift_cluster", "name": "main", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": [{"status": "tainted", "schema_version": 0, "attributes": {
        "cluster_identifier": "warehouse", "encrypted": true, "endpoint": "warehouse.example:5439", "id": "warehouse",
        "master_password": "not-a-real-password", "master_username": "admin", "number_of_nodes": 2, "snapshot_copy": null,
        "tags": {"team": "data", "url": "redshift://admin:not-a-real-password@warehouse.example"},
        "vpc_security_group_ids": ["sg-0a1b2c3d", "sg-4e5f6a7b"]}, "sensitive_attributes": [[{"type": "get_attr", "value": "master_password"}]], "private": "eyJub3RoaW5nIjoxfQ=="}]},
    {"module": "module.tables", "mode": "managed", "type": "aws_glue_table", "name": "this", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": [
        {"index_key": "orders", "schema_version": 0, "attributes": {"id": "orders"}, "sensitive_attributes": []},
        {"index_key": "orders", "deposed": "1a2b3c4d", "schema_version": 0, "attributes": {"id": "orders-old"}, "sensitive_attributes": []},
        {"index_key": "customers", "schema_version": 0, "attributes": {"id": "customers"}, "sensitive_attributes": []}]},
    {"module": "module.tables.module.index[\"eu.west\"]", "mode": "managed", "type": "aws_glue_index", "name": "this", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": [{"schema_version": 0, "attributes": {"id": "eu"}, "sensitive_attributes": []}]}
  ],
  "check_results": null
}
`
