package sample

import "strings"

// service is an application behind a load balancer.
func service(extra ...block) stack {
	role, sg, lb := "aws_iam_role.this", "aws_security_group.this", "module.lb.aws_lb.this"
	return stack{
		blocks: append([]block{
			data("aws_caller_identity", "current"), data("aws_region", "current"), data("aws_iam_policy_document", "assume"),
			managed("aws_iam_role", "this").forEach("task", "execution"), managed("aws_iam_role_policy", "task", role),
			managed("aws_cloudwatch_log_group", "this").forEach("app", "sidecar"), managed("aws_security_group", "this"),
			managed("aws_lb", "this", sg).in("lb"), managed("aws_lb_target_group", "this").in("lb").forEach("blue", "green"),
			managed("aws_lb_listener", "https", lb).in("lb"), managed("aws_ecs_task_definition", "this", role),
			managed("aws_ecs_service", "this", "aws_ecs_task_definition.this", lb, sg),
			managed("aws_cloudwatch_metric_alarm", "this").forEach("cpu", "memory", "latency", "errors"),
		}, extra...),
		outputs: []output{
			text("service_name", "$stack$", 0), text("url", "https://$stack$.example.com", 9),
			{name: "target_groups", value: `{"blue":"$stack$-blue","green":"$stack$-green"}`, typ: `["object",{"blue":"string","green":"string"}]`, after: 11},
		},
	}
}

// storing is a service with a database and its password.
func storing() stack {
	s := service(
		managed("random_password", "database"), managed("aws_db_instance", "this", "random_password.database"),
		managed("aws_secretsmanager_secret", "this").forEach("database-url"),
		managed("aws_secretsmanager_secret_version", "this", "aws_secretsmanager_secret.this", "random_password.database").forEach("database-url"),
	)
	s.outputs = append(s.outputs, secret("database_password", 16))
	return s
}

// worker is a service that reads queues.
func worker() stack {
	return service(managed("aws_sqs_queue", "this").in("queues").forEach("jobs", "jobs-dead", "events", "events-dead"))
}

func network(routes int) stack {
	vpc := "module.vpc.aws_vpc.this"
	return stack{
		blocks: []block{
			data("aws_region", "current"), managed("aws_vpc", "this").in("vpc"), managed("aws_internet_gateway", "this", vpc).in("vpc"),
			managed("aws_subnet", "private", vpc).in("vpc").forEach("a", "b", "c"), managed("aws_subnet", "public", vpc).in("vpc").forEach("a", "b", "c"),
			managed("aws_nat_gateway", "this", "module.vpc.aws_subnet.public").in("vpc").times(3), managed("aws_route_table", "private", vpc).in("vpc").times(3),
			managed("aws_security_group", "this", vpc).forEach("endpoints", "bastion"), managed("aws_route", "spoke", "module.vpc.aws_route_table.private").times(routes),
		},
		outputs: []output{
			text("vpc_id", "vpc-$stack$", 1),
			{name: "private_subnets", value: `["$stack$-a","$stack$-b","$stack$-c"]`, typ: `["tuple",["string","string","string"]]`, after: 5},
		},
	}
}

func transit() stack {
	return stack{
		blocks: []block{
			data("aws_caller_identity", "current"), managed("aws_ec2_transit_gateway", "this"),
			managed("aws_vpn_connection", "office", "aws_ec2_transit_gateway.this").forEach("berlin", "lisbon", "oslo"),
			managed("aws_route", "office", "aws_vpn_connection.office").forEach("berlin", "lisbon", "oslo"),
		},
		outputs: []output{text("transit_gateway_id", "tgw-$stack$", 1), secret("office_key", 2)},
	}
}

// plain is a stack of few blocks with one output.
func plain(out string, blocks ...block) stack {
	return stack{blocks: append([]block{data("aws_region", "current")}, blocks...), outputs: []output{text(out, "$stack$", 1)}}
}

func zones(names ...string) stack {
	return plain("zone", managed("aws_route53_zone", "this").forEach(names...),
		managed("aws_route53_record", "this", "aws_route53_zone.this").forEach("www", "api", "status", "mail", "docs", "login"))
}

func buckets(names ...string) stack {
	return plain("bucket", managed("aws_kms_key", "this"), managed("aws_s3_bucket", "this", "aws_kms_key.this").forEach(names...))
}

func alarms() stack {
	return plain("topic", managed("aws_sns_topic", "oncall"),
		managed("aws_cloudwatch_metric_alarm", "this", "aws_sns_topic.oncall").forEach("cpu", "disk", "errors", "latency", "memory", "queue"))
}

func dashboards() stack {
	return plain("folder", managed("grafana_dashboard", "this").forEach("api", "database", "edge", "queues", "web"))
}

func roles() stack {
	return plain("role", managed("aws_iam_role", "this").forEach("admin", "billing", "ci", "readonly"),
		managed("aws_iam_role_policy", "this", "aws_iam_role.this").forEach("billing", "ci"))
}

func detector() stack {
	return plain("detector", managed("aws_guardduty_detector", "this"), managed("aws_sns_topic", "findings"))
}

func registry() stack {
	return plain("registry", managed("aws_ecr_repository", "this").forEach("api", "checkout", "search", "web", "worker"))
}

func firewall() stack {
	return plain("policy", managed("aws_networkfirewall_rule_group", "this").forEach("allow-egress", "block-known-bad", "inspect-tls"))
}

func features() stack {
	return plain("table", managed("aws_dynamodb_table", "features").forEach("offline", "online"), managed("aws_s3_bucket", "models"))
}

func streams() stack {
	return plain("stream", managed("aws_kinesis_stream", "this").forEach("clicks", "orders", "payments"))
}

func hosts(name string, n int) stack {
	return plain("host", managed("aws_instance", name).times(n), managed("aws_s3_bucket", "uploads"))
}

// cluster makes a state of about a megabyte.
func cluster() stack {
	charts := strings.Fields(`argocd cert-manager cilium cluster-autoscaler coredns external-dns external-secrets falco flux gatekeeper ingress-nginx
		jaeger karpenter keda kyverno linkerd loki metrics-server prometheus promtail reloader sealed-secrets tempo thanos trivy vault velero vertical-pod-autoscaler`)
	return stack{
		blocks: []block{
			data("aws_caller_identity", "current"), managed("aws_eks_cluster", "main"),
			managed("aws_eks_node_group", "this", "aws_eks_cluster.main").forEach("system", "general", "gpu", "spot"),
			managed("aws_iam_openid_connect_provider", "this", "aws_eks_cluster.main").forEach("main"),
			managed("helm_release", "this", "aws_eks_cluster.main").in("charts").forEach(charts...),
		},
		outputs: []output{text("cluster_endpoint", "https://$stack$.example.com", 1)},
	}
}

// Sizes of the warehouse's story.
const (
	warehouseTotal = 61 // instances at its largest
	warehouseLeft  = 3  // after it was overwritten: the first three
)

func warehouse() stack {
	var tables []string
	for _, layer := range []string{"raw", "staged", "marts", "snapshots"} {
		for _, subject := range strings.Fields("accounts carts customers invoices orders payments prices products refunds shipments visits") {
			tables = append(tables, layer+"_"+subject)
		}
	}
	return stack{
		blocks: []block{
			data("aws_caller_identity", "current"), data("aws_region", "current"), managed("aws_s3_bucket", "lake"),
			managed("aws_kms_key", "lake"), managed("aws_iam_role", "glue"), managed("aws_iam_role_policy", "glue", "aws_iam_role.glue"),
			managed("aws_glue_catalog_database", "this").forEach("marts", "raw", "staged"),
			managed("random_password", "warehouse"), managed("aws_redshift_cluster", "main", "aws_kms_key.lake", "random_password.warehouse"),
			managed("aws_glue_catalog_table", "this", "aws_glue_catalog_database.this").in("tables").forEach(tables...),
			managed("aws_glue_job", "load", "aws_iam_role.glue", "aws_s3_bucket.lake").forEach("accounts", "invoices", "orders", "payments", "products", "refunds"),
		},
		outputs: []output{
			text("lake_bucket", "$stack$-lake", 2), text("catalog", "$account$", 8), secret("warehouse_password", 9),
			{name: "tables", value: `["accounts","customers","orders","payments"]`, typ: `["tuple",["string","string","string","string"]]`, after: 20},
		},
	}
}
