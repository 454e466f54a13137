package sample

import "strings"

// catalog is what the fleet's resources look like in a state.
type catalog struct{ kinds map[string]kind }

// kind is a resource type or data source.
type kind struct {
	schema     int    // version
	attributes string // JSON in the order of a state, with $variables$ inside strings
	secret     string // name of a sensitive attribute
}

func newCatalog() *catalog {
	c := &catalog{kinds: map[string]kind{}}
	for _, add := range []func(map[string]kind){networkKinds, serviceKinds, storageKinds, accountKinds, platformKinds} {
		add(c.kinds)
	}
	return c
}

const tags = `"tags":{"env":"$env$","managed-by":"terraform","release":"$release$"}`

func networkKinds(k map[string]kind) {
	k["aws_vpc"] = kind{schema: 1, attributes: `{"arn":"arn:aws:ec2:$region$:$account$:vpc/vpc-0$id$","assign_generated_ipv6_cidr_block":false,
		"cidr_block":"10.20.0.0/16","enable_dns_hostnames":true,"enable_dns_support":true,"id":"vpc-0$id$","instance_tenancy":"default",
		"ipv6_cidr_block":"",` + tags + `}`}
	k["aws_subnet"] = kind{schema: 1, attributes: `{"arn":"arn:aws:ec2:$region$:$account$:subnet/subnet-0$id$","availability_zone":"$region$$key$",
		"cidr_block":"10.20.16.0/20","id":"subnet-0$id$","map_public_ip_on_launch":false,"owner_id":"$account$",` + tags + `}`}
	k["aws_internet_gateway"] = kind{attributes: `{"arn":"arn:aws:ec2:$region$:$account$:internet-gateway/igw-0$id$","id":"igw-0$id$",
		"owner_id":"$account$",` + tags + `}`}
	k["aws_nat_gateway"] = kind{attributes: `{"allocation_id":"eipalloc-0$id$","connectivity_type":"public","id":"nat-0$id$",
		"private_ip":"10.20.0.23",` + tags + `}`}
	k["aws_route_table"] = kind{attributes: `{"arn":"arn:aws:ec2:$region$:$account$:route-table/rtb-0$id$","id":"rtb-0$id$","owner_id":"$account$",
		"propagating_vgws":[],` + tags + `}`}
	k["aws_route"] = kind{attributes: `{"destination_cidr_block":"10.64.0.0/16","id":"r-rtb-0$id$","origin":"CreateRoute","route_table_id":"rtb-0$id$",
		"state":"active","transit_gateway_id":"tgw-0$release$"}`}
	k["aws_security_group"] = kind{schema: 1, attributes: `{"arn":"arn:aws:ec2:$region$:$account$:security-group/sg-0$id$","description":"$stack$","egress":[
		{"cidr_blocks":["0.0.0.0/0"],"description":"","from_port":0,"protocol":"-1","self":false,"to_port":0}],"id":"sg-0$id$","ingress":[
		{"cidr_blocks":["10.20.0.0/16"],"description":"$release$","from_port":443,"protocol":"tcp","self":false,"to_port":443}],"name":"$stack$-$key$",
		"owner_id":"$account$",` + tags + `}`}
	k["aws_ec2_transit_gateway"] = kind{attributes: `{"amazon_side_asn":64512,"arn":"arn:aws:ec2:$region$:$account$:transit-gateway/tgw-0$id$",
		"dns_support":"enable","id":"tgw-0$id$",` + tags + `}`}
	k["aws_vpn_connection"] = kind{schema: 1, secret: "tunnel1_preshared_key", attributes: `{"arn":"arn:aws:ec2:$region$:$account$:vpn-connection/vpn-0$id$",
		"id":"vpn-0$id$",` + tags + `,
		"tunnel1_address":"192.0.2.17","tunnel1_preshared_key":"` + fakeSecret + `","type":"ipsec.1"}`}
	k["aws_networkfirewall_rule_group"] = kind{attributes: `{"arn":"arn:aws:network-firewall:$region$:$account$:stateful-rulegroup/$key$","capacity":100,
		"description":"$release$",
		"id":"arn:aws:network-firewall:$region$:$account$:stateful-rulegroup/$key$","name":"$key$","type":"STATEFUL","update_token":"$id$"}`}
	k["aws_route53_zone"] = kind{attributes: `{"arn":"arn:aws:route53:::hostedzone/Z0$id$","comment":"$release$","force_destroy":false,"id":"Z0$id$",
		"name":"$key$.example.com",
		"name_servers":["ns-1.example.net","ns-2.example.org"],"zone_id":"Z0$id$"}`}
	k["aws_route53_record"] = kind{schema: 2, attributes: `{"fqdn":"$key$.$stack$.example.com","id":"Z0$id$_$key$_CNAME","name":"$key$",
		"records":["$release$.$stack$.example.com"],
		"set_identifier":"","ttl":300,"type":"CNAME","zone_id":"Z0$id$"}`}
}

func serviceKinds(k map[string]kind) {
	k["aws_lb"] = kind{attributes: `{"arn":"arn:aws:elasticloadbalancing:$region$:$account$:loadbalancer/app/$stack$/$id$",
		"dns_name":"$stack$-$id$.$region$.elb.amazonaws.com",
		"drop_invalid_header_fields":true,"enable_deletion_protection":true,"id":"arn:aws:elasticloadbalancing:$region$:$account$:loadbalancer/app/$stack$/$id$",
		"idle_timeout":60,
		"internal":false,"ip_address_type":"ipv4","load_balancer_type":"application","name":"$stack$",` + tags + `}`}
	k["aws_lb_target_group"] = kind{attributes: `{"arn":"arn:aws:elasticloadbalancing:$region$:$account$:targetgroup/$stack$-$key$/$id$",
		"deregistration_delay":"30","health_check":[
		{"enabled":true,"healthy_threshold":3,"interval":10,"matcher":"200","path":"/healthz","timeout":5}],"id":"$id$","name":"$stack$-$key$","port":8080,
		"protocol":"HTTP",` + tags + `}`}
	k["aws_lb_listener"] = kind{attributes: `{"arn":"arn:aws:elasticloadbalancing:$region$:$account$:listener/app/$stack$/$id$","default_action":[{"order":1,
		"type":"forward"}],"id":"$id$",
		"port":443,"protocol":"HTTPS","ssl_policy":"ELBSecurityPolicy-TLS13-1-2-2021-06",` + tags + `}`}
	k["aws_ecs_service"] = kind{schema: 1, attributes: `{"cluster":"arn:aws:ecs:$region$:$account$:cluster/main","deployment_maximum_percent":200,
		"desired_count":3,"enable_execute_command":false,
		"id":"arn:aws:ecs:$region$:$account$:service/main/$stack$","launch_type":"FARGATE","name":"$stack$",` + tags + `,"task_definition":"$stack$:$release$"}`}
	k["aws_ecs_task_definition"] = kind{schema: 1, attributes: `{"arn":"arn:aws:ecs:$region$:$account$:task-definition/$stack$:$release$","container_definitions":` +
		`"[{\"cpu\":512,\"essential\":true,\"image\":\"$account$.dkr.ecr.$region$.amazonaws.com/$stack$:$release$\",\"memory\":1024,\"name\":\"app\",\"portMappings\":[{\"containerPort\":8080}]}]",
		"cpu":"512","family":"$stack$","id":"$stack$","memory":"1024","network_mode":"awsvpc","requires_compatibilities":["FARGATE"],` + tags + `}`}
	k["aws_cloudwatch_log_group"] = kind{attributes: `{"arn":"arn:aws:logs:$region$:$account$:log-group:/$stack$/$key$","id":"/$stack$/$key$","kms_key_id":"",
		"name":"/$stack$/$key$","retention_in_days":30,` + tags + `}`}
	k["aws_cloudwatch_metric_alarm"] = kind{schema: 1, attributes: `{"actions_enabled":true,"alarm_actions":["arn:aws:sns:$region$:$account$:oncall"],
		"alarm_description":"$key$ of $stack$ ($release$)",
		"alarm_name":"$stack$-$key$","comparison_operator":"GreaterThanThreshold","evaluation_periods":3,"id":"$stack$-$key$","metric_name":"$key$",
		"namespace":"AWS/ECS","period":60,"threshold":80}`}
	k["aws_sqs_queue"] = kind{attributes: `{"arn":"arn:aws:sqs:$region$:$account$:$stack$-$key$","fifo_queue":false,
		"id":"https://sqs.$region$.amazonaws.com/$account$/$stack$-$key$",
		"message_retention_seconds":345600,"name":"$stack$-$key$",` + tags + `,"visibility_timeout_seconds":60}`}
	k["random_password"] = kind{schema: 3, secret: "result", attributes: `{"bcrypt_hash":"` + fakeSecret + `","id":"none","keepers":{"release":"$release$"},
		"length":32,"lower":true,
		"result":"` + fakeSecret + `","special":false}`}
	k["aws_db_instance"] = kind{schema: 2, secret: "password", attributes: `{"address":"$stack$.$id$.$region$.rds.amazonaws.com","allocated_storage":100,
		"arn":"arn:aws:rds:$region$:$account$:db:$stack$",
		"backup_retention_period":14,"engine":"postgres","engine_version":"16.4","id":"db-$id$","identifier":"$stack$","instance_class":"db.t4g.large",
		"multi_az":true,"password":"` + fakeSecret + `",
		"storage_encrypted":true,` + tags + `,"username":"app"}`}
	k["aws_secretsmanager_secret"] = kind{attributes: `{"arn":"arn:aws:secretsmanager:$region$:$account$:secret:$stack$/$key$-$id$","description":"$release$",
		"id":"$stack$/$key$","name":"$stack$/$key$","recovery_window_in_days":7}`}
	k["aws_secretsmanager_secret_version"] = kind{secret: "secret_string", attributes: `{"arn":"arn:aws:secretsmanager:$region$:$account$:secret:$stack$/$key$-$id$","id":"$stack$/$key$",
		"secret_string":"` + fakeSecret + `","version_id":"$release$","version_stages":["AWSCURRENT"]}`}
}

// columns are those of a table in the warehouse.
func columns() string {
	var c []string
	for _, name := range strings.Fields("tenant_id account_id order_id currency amount_minor status created_at updated_at") {
		c = append(c, `{"comment":"","name":"`+name+`","parameters":{},"type":"string"}`)
	}
	return "[" + strings.Join(c, ",") + "]"
}

func storageKinds(k map[string]kind) {
	k["aws_s3_bucket"] = kind{attributes: `{"arn":"arn:aws:s3:::$stack$-$key$","bucket":"$stack$-$key$","force_destroy":false,"id":"$stack$-$key$",
		"object_lock_enabled":false,"region":"$region$",` + tags + `}`}
	k["aws_kms_key"] = kind{attributes: `{"arn":"arn:aws:kms:$region$:$account$:key/$id$","description":"$stack$ ($release$)","enable_key_rotation":true,
		"id":"$id$","key_id":"$id$","rotation_period_in_days":365}`}
	k["aws_dynamodb_table"] = kind{schema: 1, attributes: `{"arn":"arn:aws:dynamodb:$region$:$account$:table/$stack$-$key$","attribute":[{"name":"id",
		"type":"S"}],"billing_mode":"PAY_PER_REQUEST",
		"hash_key":"id","id":"$stack$-$key$","name":"$stack$-$key$",` + tags + `}`}
	k["aws_kinesis_stream"] = kind{schema: 1, attributes: `{"arn":"arn:aws:kinesis:$region$:$account$:stream/$key$","encryption_type":"KMS","id":"$key$",
		"name":"$key$","retention_period":48,"shard_count":4,` + tags + `}`}
	k["aws_redshift_cluster"] = kind{secret: "master_password", attributes: `{"arn":"arn:aws:redshift:$region$:$account$:namespace:$id$",
		"cluster_identifier":"$stack$","encrypted":true,"id":"$stack$",
		"master_password":"` + fakeSecret + `","master_username":"warehouse","node_type":"ra3.xlplus","number_of_nodes":2,` + tags + `}`}
	k["aws_glue_catalog_database"] = kind{attributes: `{"arn":"arn:aws:glue:$region$:$account$:database/$key$","catalog_id":"$account$",
		"description":"$release$","id":"$account$:$key$","name":"$key$","parameters":{}}`}
	k["aws_glue_catalog_table"] = kind{attributes: `{"arn":"arn:aws:glue:$region$:$account$:table/warehouse/$key$","catalog_id":"$account$",
		"database_name":"warehouse","description":"","id":"$account$:warehouse:$key$",
		"name":"$key$","owner":"data-platform","parameters":{"classification":"parquet","compressionType":"none","release":"$release$","typeOfData":"file"},
		"partition_keys":[{"comment":"","name":"ingest_date","parameters":{},"type":"date"}],
		"storage_descriptor":[{"columns":` + columns() + `,"compressed":false,"input_format":"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"location":"s3://acme-lake/$key$/","output_format":"org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"}],"table_type":"EXTERNAL_TABLE"}`}
	k["aws_glue_job"] = kind{attributes: `{"arn":"arn:aws:glue:$region$:$account$:job/$key$","command":[{"name":"glueetl","python_version":"3",
		"script_location":"s3://acme-lake-code/$release$/$key$.py"}],
		"glue_version":"4.0","id":"$key$","max_retries":1,"name":"$key$","number_of_workers":10,` + tags + `,"timeout":120,"worker_type":"G.1X"}`}
}

func accountKinds(k map[string]kind) {
	k["aws_caller_identity"] = kind{attributes: `{"account_id":"$account$","arn":"arn:aws:sts::$account$:assumed-role/terraform/ci","id":"$account$",
		"user_id":"AROADEMO:ci"}`}
	k["aws_region"] = kind{attributes: `{"description":"$region$","endpoint":"ec2.$region$.amazonaws.com","id":"$region$","name":"$region$"}`}
	k["aws_iam_policy_document"] = kind{attributes: `{"id":"2851119427",
		"json":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",` +
		`\n      \"Action\": \"sts:AssumeRole\",\n      \"Principal\": {\n        \"Service\": \"ecs-tasks.amazonaws.com\"\n      }\n    }\n  ]\n}",
		"version":"2012-10-17"}`}
	k["aws_iam_role"] = kind{attributes: `{"arn":"arn:aws:iam::$account$:role/$stack$-$key$",
		"assume_role_policy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Effect\":\"Allow\",` +
		`\"Principal\":{\"Service\":\"ecs-tasks.amazonaws.com\"}}],\"Version\":\"2012-10-17\"}","description":"","id":"$stack$-$key$",
		"max_session_duration":3600,"name":"$stack$-$key$","path":"/",` + tags + `,"unique_id":"AROA$id$"}`}
	k["aws_iam_role_policy"] = kind{attributes: `{"id":"$stack$:$key$","name":"$key$",
		"policy":"{\"Statement\":[{\"Action\":[\"s3:GetObject\",\"kms:Decrypt\"],\"Effect\":\"Allow\",` +
		`\"Resource\":\"*\",\"Sid\":\"$release$\"}],\"Version\":\"2012-10-17\"}","role":"$stack$"}`}
	k["aws_iam_openid_connect_provider"] = kind{attributes: `{"arn":"arn:aws:iam::$account$:oidc-provider/$key$.example.com",
		"client_id_list":["sts.amazonaws.com"],"id":"$id$",` + tags + `,"url":"$key$.example.com"}`}
	k["aws_ecr_repository"] = kind{attributes: `{"arn":"arn:aws:ecr:$region$:$account$:repository/$key$","id":"$key$","image_tag_mutability":"IMMUTABLE",
		"name":"$key$","registry_id":"$account$",` + tags + `}`}
	k["aws_guardduty_detector"] = kind{attributes: `{"account_id":"$account$","enable":true,"finding_publishing_frequency":"FIFTEEN_MINUTES",
		"id":"$id$",` + tags + `}`}
	k["aws_sns_topic"] = kind{attributes: `{"arn":"arn:aws:sns:$region$:$account$:$key$","display_name":"$release$",
		"id":"arn:aws:sns:$region$:$account$:$key$","name":"$key$"}`}
	k["aws_instance"] = kind{schema: 1, attributes: `{"ami":"ami-0$id$","arn":"arn:aws:ec2:$region$:$account$:instance/i-0$id$",
		"availability_zone":"$region$a","id":"i-0$id$","instance_type":"t3.medium","private_ip":"10.4.0.12",` + tags + `}`}
}

// manifest is what a large chart renders to: the states of Kubernetes clusters
// are the large ones.
func manifest() string {
	const line = `- {name: setting, value: \"sample content of the demo, nothing more\"}\n`
	return `apiVersion: v1\nkind: List\nitems:\n` + strings.Repeat(line, 300)
}

func platformKinds(k map[string]kind) {
	k["aws_eks_cluster"] = kind{schema: 1, attributes: `{"arn":"arn:aws:eks:$region$:$account$:cluster/$key$",
		"endpoint":"https://$id$.gr7.$region$.eks.amazonaws.com","id":"$key$","name":"$key$","platform_version":"eks.$release$",
		"role_arn":"arn:aws:iam::$account$:role/eks","status":"ACTIVE",` + tags + `,"version":"1.31"}`}
	k["aws_eks_node_group"] = kind{attributes: `{"ami_type":"AL2023_x86_64_STANDARD","arn":"arn:aws:eks:$region$:$account$:nodegroup/main/$key$/$id$",
		"cluster_name":"main","id":"main:$key$","instance_types":["m7i.xlarge"],
		"node_group_name":"$key$","release_version":"$release$","status":"ACTIVE"}`}
	k["helm_release"] = kind{schema: 1, attributes: `{"atomic":true,"chart":"$key$","id":"$key$","manifest":"$manifest$","max_history":10,"name":"$key$",
		"namespace":"$key$",
		"repository":"https://charts.example.com","status":"deployed","values":["revision: $release$\n"],"version":"4.1.0"}`}
	k["grafana_dashboard"] = kind{schema: 1, attributes: `{"config_json":"{\"panels\":[{\"title\":\"$key$\",\"type\":\"timeseries\"}],\"title\":\"$key$\",\"version\":\"$release$\"}","folder":"1","id":"1:$id$",
		"message":"","org_id":"1","overwrite":true,"slug":"$key$","uid":"$id$"}`}
}
