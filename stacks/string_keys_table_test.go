package stacks_test

import "strings"

// refusedText are values of a key that its far end refuses.
type refusedText struct {
	bad []string
	// stack is a dev stack; empty for the one that the key is of.
	stack string
	// beside are further keys and their values, of which the key makes sense.
	beside []any
	// element is the value of a map whose key is refused; nil for a text.
	element any
	// forbidden says that the value is refused without being told.
	forbidden bool
}

func texts(bad ...string) refusedText { return refusedText{bad: bad} }

func (r refusedText) on(stack string) refusedText { r.stack = stack; return r }

func (r refusedText) with(beside ...any) refusedText { r.beside = beside; return r }

func (r refusedText) of(element any) refusedText { r.element = element; return r }

func (r refusedText) untold() refusedText { r.forbidden = true; return r }

func longerThan(than int) string { return strings.Repeat("a", than+1) }

// Values that are refused for one reason wherever they stand.
var (
	nonsense         = texts("nonsense")
	accountEmail     = texts("bifrost", "a@example.com", "a b@acme-dev.iam.gserviceaccount.com", "serviceAccount:a@acme-dev.iam.gserviceaccount.com")
	subdomain        = texts("A_b", "-a", longerThan(253))
	labelTexts       = texts("A_b", "a.b", longerThan(63))
	labelKey         = texts("a b", "-a", longerThan(63), "A!/b")
	labelValue       = texts("a b", "é", "-a", longerThan(63))
	annotationKey    = texts("a b", "-a", longerThan(63))
	envName          = texts("A B", "1A", "A=B")
	dataKey          = texts("a b", "a/b", longerThan(253))
	iamRole          = texts("Bifrost Role", "a/b", "é", longerThan(64))
	iamPolicy        = texts("Bifrost Policy", "a/b", longerThan(128))
	roleArn          = texts("Role", "arn:aws:iam::111122223333:user/x", "arn:aws:iam::1:role/x", "arn:aws-cn:iam::111122223333:role/x", "arn:aws:iam::111122223333:role/a\u00a0b", "arn:aws:iam::111122223333:role/a–b")
	policyArn        = texts("Policy", "arn:aws:iam::111122223333:role/x", "arn:aws-cn:iam::111122223333:policy/x", "arn:aws:iam::111122223333:policy/a\x07")
	kmsKey           = texts("alias/x", "arn:aws:kms:us-east-1:111122223333:alias/x")
	securityIds      = texts("default", "sg-1", "sg-0123456789abcdeg0")
	subnetIds        = texts("private", "subnet-1")
	imageText        = texts("a:latest", "A:1", "registry.example.com/a", "registry.example.com/a:"+longerThan(128), "registry.example.com/a@sha256:1")
	quantityTexts    = texts("much", "-1", "0")
	memoryTexts      = texts("much", "512", "512m")
	countTexts       = texts("-1", "101%", "half")
	cidrTexts        = texts("10.0.0.1/8", "::ffff:10.0.0.0/104", "10.0.0.0", "10.0.0.0/33")
	hostTexts        = texts("llm_a.example.com", "https://a.example.com", "10.0.0.1", "*", "A.example.com", longerThan(253))
	pathTexts        = texts("llm", "/llm", "/v1/", "/v1/../x")
	refElement       = map[string]any{"secret": "s", "key": "k"}
	albBeside        = []any{"gateway.ingress", map[string]any{"controller": "alb", "hosts": []any{"a.example.com"}, "allowHttp": true}}
	monitoredBeside  = []any{"gateway.monitoring", map[string]any{"serviceMonitor": true, "alertRules": true}}
	balancerBeside   = []any{"ecs.securityGroups", nil, "ecs.loadBalancer", map[string]any{"allowHttp": true}}
	certifiedBeside  = []any{"ecs.securityGroups", nil, "ecs.loadBalancer.dns", map[string]any{"names": []any{"a.example.com"}, "zoneId": "Z0123456789ABC"}}
	clusteredBeside  = []any{"ecs.clustering.namespace", "bifrost.internal"}
	entraBeside      = []any{"aks.trust", "entra", "aks.entra", map[string]any{"appIdUri": "api://00000000-1111-2222-3333-444444444444", "tokenVersion": 1}}
	federatedBeside  = []any{"kubernetes", federatedCluster(), "gcp", federation(), "secrets.registryKey", nil}
	gcpMade          = []any{"gcp", federation()}
	identifiedBeside = []any{"aks.gatewayIdentity", map[string]any{"roleAssignments": []any{map[string]any{"role": "Reader", "scope": "/subscriptions/00000000-0000-4000-8000-000000000001"}}}}
	tracedBeside     = []any{"gateway.otel.collectorUrl", "collector.observability:4317"}
	bedrockBeside    = []any{"eks.gatewayPolicyArns", []any{"arn:aws:iam::aws:policy/AmazonBedrockFullAccess"}}
)

// refusedTexts are values that the far end of each key refuses; {name} is the key of a map.
var refusedTexts = map[string]refusedText{
	"platform": nonsense, "rollout": nonsense,
	"namePrefix":   texts("Team-b-", "1-", "a.b", longerThan(32)),
	"tags{}":       texts("a!", longerThan(256)).on("aws-dev"),
	"tags{name}":   texts("windows-x", "a/b", longerThan(512)),
	"labels{}":     labelValue,
	"labels{name}": labelKey,

	"aws.region":              texts("us-east1", "US-EAST-1", "eu"),
	"aws.accountId":           texts("11112222333", "1111-2222-3333"),
	"aws.assumeRoleArn":       roleArn,
	"aws.iamPath":             texts("teams", "/teams", "/a b/", "/"+longerThan(511)+"/"),
	"aws.permissionsBoundary": policyArn,
	"azure.subscriptionId":    texts("dev", "00000000-0000-4000-8000-00000000000"),
	"azure.tenantId":          texts("example.onmicrosoft.com"),
	"azure.location":          texts("West Europe", "eu-west-1", longerThan(40)),
	"azure.resourceGroup":     texts("a/b", "a.", longerThan(90)),

	"registry.image": texts("europe-west1-docker.pkg.dev/p/r/i:"+longerThan(128), "europe-west1-docker.pkg.dev/p/r/"+longerThan(255)+":1",
		"europe-west1-docker.pkg.dev/p/r/i@sha256:1", "europe-west1-docker.pkg.dev/p/R/i:1"),
	"registry.pullSecret":                 subdomain.with("registry.mirror", true, "gcp", nil),
	"registry.additionalRepositoryArns[]": texts("acme", "arn:aws:ecr:us-east-1:444455556666:repository/Acme").on("aws-dev"),

	"eks.clusterName": texts("-dev", "a b", longerThan(100)),
	"eks.pull":        nonsense, "eks.auth": nonsense, "eks.oidcProvider": nonsense,
	"eks.nodeRoleArns[]": roleArn.with("eks.pull", "node"),
	"eks.context":        texts("dev"),
	"eks.roleName":       iamRole, "eks.policyName": iamPolicy,
	"eks.secretName":          texts("A_b", longerThan(253), "bifrost-config", "bifrost-env", "bifrost-encryption-key"),
	"eks.gatewayRoleArn":      roleArn,
	"eks.gatewayPolicyArns[]": policyArn,
	"eks.gatewayRoleName":     texts("Bifrost Role", longerThan(64), "bifrostecrpullrole", "BifrostECSExecutionRole").with(bedrockBeside...),
	"eks.gatewayAuth":         nonsense.with(bedrockBeside...),

	"ecs.clusterName": texts("a b", "a.b", longerThan(255)),
	"ecs.name":        texts("a b", "a.b", longerThan(255), longerThan(102)),
	"ecs.subnets[]":   subnetIds, "ecs.singleZone": nonsense,
	"ecs.securityGroups[]": securityIds, "ecs.clientSecurityGroups[]": securityIds.with("ecs.securityGroups", nil),
	"ecs.env{name}": envName,
	"ecs.secretRefs{}": texts("arn:aws:secretsmanager:us-east-1:111122223333:secret:x", "arn:aws:s3:::x", "db",
		"arn:aws:ssm:us-east-1:111122223333:parameter/a b"),
	"ecs.secretRefs{name}":      envName.of("arn:aws:ssm:us-east-1:111122223333:parameter/x"),
	"ecs.secretRefKmsKeyArns[]": kmsKey,

	"ecs.loadBalancer.certificateArn": texts("arn:aws:acm:us-east-1:111122223333:x/y", "arn:aws:acm:eu-west-1:111122223333:certificate/a-b").
		with("ecs.securityGroups", nil),
	"ecs.loadBalancer.dns.names[]": texts("a_b.example.com", "llm", "llm.x", "10.0.0.1", strings.Repeat("a.", 32)+"example.com", longerThan(253)).
		with(certifiedBeside...),
	"ecs.loadBalancer.dns.zoneId":           texts("example.com", "/hostedzone/Z012", "z012").with(certifiedBeside...),
	"ecs.loadBalancer.dns.validationZoneId": texts("example.com", "Z"+longerThan(31)).with(certifiedBeside...),
	"ecs.loadBalancer.scheme":               nonsense.with(balancerBeside...),
	"ecs.loadBalancer.subnets[]":            subnetIds.with(balancerBeside...),
	"ecs.loadBalancer.securityGroups[]":     securityIds.with(balancerBeside...),
	"ecs.loadBalancer.allowedCidrs[]":       texts("10.0.0.1/8", "10.0.0.0", "fd00::/8").with(balancerBeside...),
	"ecs.loadBalancer.sslPolicy":            texts("TLS1.3", "ELBSecurityPolicy 2016").with(certifiedBeside...),
	"ecs.loadBalancer.accessLogsBucket": texts("Logs", "a_b", "a..b", "10.0.0.1", "xn--logs", "logs--x-s3", longerThan(63)).
		with(balancerBeside...),

	"ecs.targetGroupArn":       texts("web", "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/x/0"),
	"ecs.clustering.namespace": texts("a_b", "a b", longerThan(253), strings.Repeat("a123456789.", 22)+"internal"),
	"ecs.clustering.service":   texts("a.b", "a_b", longerThan(63)).with(clusteredBeside...),
	"ecs.alarms.topicArn":      texts("ops", "arn:aws:sns:us-east-1:111122223333:a b", "arn:aws:sns:eu-west-1:111122223333:ops"),
	"ecs.cpuArchitecture":      nonsense,
	"ecs.roleName":             texts("Bifrost Role", longerThan(64)), "ecs.policyName": iamPolicy,
	"ecs.taskRoleArn":      roleArn,
	"ecs.taskRoleName":     texts("Bifrost Role", longerThan(64), "bifrostecsexecutionrole"),
	"ecs.taskPolicyArns[]": policyArn,
	"ecs.logGroup":         texts("/ecs/bi frost", "aws/ecs", longerThan(512)),
	"ecs.logKmsKeyArn":     kmsKey,
	"ecs.secretPrefix":     texts("a b/", "a:b/", longerThan(256)),
	"ecs.secretKmsKeyArn":  kmsKey,

	"google.projectId": texts("12345", "Acme", "acme-", longerThan(30)), "google.impersonateServiceAccount": accountEmail,
	"gke.clusterName": texts("Dev", "1dev", "a.b", longerThan(40)), "gke.location": texts("westeurope", "europe", "europe-west1-bc"),
	"gke.projectId": texts("12345", "Acme", longerThan(30)), "gke.pull": nonsense, "gke.auth": nonsense, "gke.context": texts("dev"),
	"gke.serviceAccountId": texts("short", "Bifrost", "a.bcdef", longerThan(30)), "gke.serviceAccountEmail": accountEmail,
	"gke.vendorServiceAccount": accountEmail, "gke.secretName": texts("A_b", longerThan(253), "bifrost-config", "bifrost-broker-env"),
	"gke.gatewayServiceAccountEmail":    accountEmail,
	"gke.gatewayServiceAccount.id":      texts("short", "Bifrost", longerThan(30), "bifrost-pull-sa"),
	"gke.gatewayServiceAccount.roles[]": texts("aiplatform.user", "roles/", "roles/a b", "folders/1/roles/x"),
	"aks.clusterName":                   texts("-dev", "a.b", longerThan(63)), "aks.resourceGroup": texts("a/b", "a.", longerThan(90)),
	"aks.login": nonsense, "aks.trust": nonsense, "aks.context": texts("dev"),
	"aks.identityName":                            texts("a", "-ab", "a.b", longerThan(128)),
	"aks.federatedCredentialName":                 texts("a", "-ab", "a.b", longerThan(120)),
	"aks.secretName":                              texts("A_b", longerThan(253), "bifrost-config", "bifrost-broker-env"),
	"aks.tokenAudience":                           texts("a b", "é", longerThan(256)),
	"aks.tokenFile":                               texts("token", "/token", "/a/../b"),
	"aks.gatewayClientId":                         texts("bifrost", "00000000-1111"),
	"aks.gatewayIdentity.name":                    texts("a", "a.b", longerThan(128), "Bifrost-Pull-Identity").with(identifiedBeside...),
	"aks.gatewayIdentity.federatedCredentialName": texts("a", "a.b", longerThan(120)).with(identifiedBeside...),
	"aks.gatewayIdentity.roleAssignments[].role":  texts("Read", "é", longerThan(512)),
	"aks.gatewayIdentity.roleAssignments[].scope": texts("bifrost-dev", "/subscriptions/x", "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/a "),
	"aks.entra.appIdUri":                          texts("app", "api://x/", "http://x y", "api://"+longerThan(250)).with(entraBeside...),
	"aks.entra.appId":                             texts("app", "00000000-1111").with(entraBeside...),

	"kubernetes.pull":          nonsense,
	"kubernetes.clusterName":   texts("my cluster", "é", longerThan(253)),
	"kubernetes.secretName":    texts("A_b", longerThan(253), "bifrost-config"),
	"kubernetes.issuer":        texts("http://a.b", "a.b", "https://", "https://a.b/é", "https://а.b", "https://a.b/\x07", "https://a.b/"+longerThan(2000)).with(federatedBeside...),
	"kubernetes.jwks":          texts("https://a.b/jwks", "{}", `{"keys": []}`, `{"keys": [{"kty": "oct"}]}`).with(federatedBeside...),
	"kubernetes.tokenAudience": texts("a b", "é", longerThan(256)).with(federatedBeside...),
	"kubernetes.tokenFile":     texts("token", "/token", "/a/../b").with(federatedBeside...),

	"gcp.federation.projectId":        texts("123456789012", "Acme", "a", longerThan(30)).with(gcpMade...),
	"gcp.federation.poolId":           texts("gcp-pool", "a", "A_b", longerThan(32)).with(gcpMade...),
	"gcp.federation.providerId":       texts("gcp-x", "a", longerThan(32)).with(gcpMade...),
	"gcp.federation.serviceAccountId": texts("a@b", "1abcde", "a", longerThan(30)).with(gcpMade...),

	"refresher.serviceAccount": subdomain, "refresher.schedule": texts("hourly", "* * * *", "61 * * * *", "0 0 31 2 *", "TZ=UTC 0 * * * *"),
	"refresher.images.aws": imageText.on("aws-dev"), "refresher.images.gcloud": imageText, "refresher.images.kubectl": imageText,
	"refresher.imagePullSecrets[]":            subdomain,
	"refresher.scheduling.nodeSelector{}":     labelValue,
	"refresher.scheduling.nodeSelector{name}": labelKey,
	"refresher.scheduling.priorityClass":      subdomain,
	"refresher.podLabels{}":                   labelValue,
	"refresher.podLabels{name}":               labelKey,
	"refresher.podAnnotations{name}":          annotationKey,
	"refresher.env{name}":                     envName,
	"refresher.secretRefs{name}":              envName.of(refElement),
	"refresher.secretRefs{}.secret":           subdomain,
	"refresher.secretRefs{}.key":              dataKey,

	"network.proxy":            texts("proxy.example.com:3128", "http://proxy.example.com", "socks5://proxy.example.com:1080"),
	"network.noProxy[]":        texts("a,b", "a b", "https://a.example.com", "10.0.0.0/33", "a.example.com/x", "é", longerThan(253)).with("network.proxy", "http://proxy.example.com:3128"),
	"network.caConfigMap.name": subdomain.with("ecs", nil), "network.caConfigMap.key": dataKey,
	"network.caFile": texts("no-such-file.pem"),

	"adopt{name}":                      texts("A_b", longerThan(63)),
	"adopt{}":                          texts(" "),
	"gateway.name":                     labelTexts,
	"gateway.selector{name}":           labelKey,
	"gateway.selector{}":               labelValue,
	"gateway.namespace":                labelTexts,
	"gateway.suppliedObjects[]":        texts("x", "pod/x", "secret/A_b"),
	"gateway.serviceAccount":           subdomain,
	"gateway.configFile":               texts("no-such-file.json").with("gateway.config", nil),
	"gateway.schemaFile":               texts("no-such-file.json"),
	"gateway.existingConfigSecret":     subdomain,
	"gateway.env{name}":                envName,
	"gateway.secretRefs{name}":         envName.of(refElement),
	"gateway.secretRefs{}.secret":      subdomain,
	"gateway.secretRefs{}.key":         dataKey,
	"gateway.adminUsername":            texts("a:b", " a", "a\nb"),
	"gateway.postgres.caFile":          texts("no-such-file.pem"),
	"gateway.postgres.caSecret.key":    dataKey,
	"gateway.postgres.caConfigMap.key": dataKey, "gateway.postgres.caConfigMap.name": subdomain, "gateway.postgres.caSecret.secret": subdomain,
	"gateway.log.level": nonsense, "gateway.log.style": nonsense,

	"gateway.otel.collectorUrl":    texts("collector", "collector–a:4317", "collector:99999", "ftp://x"),
	"gateway.otel.metricsEndpoint": texts("collector", "collector:99999").with(tracedBeside...),
	"gateway.otel.protocol":        nonsense.with(tracedBeside...), "gateway.otel.traceType": nonsense.with(tracedBeside...),
	"gateway.otel.headers{name}": texts("a b", "é", "a:b", "").with(tracedBeside...),
	"gateway.otel.headers{}":     texts("a\nb", "a\x00", "é").with(tracedBeside...).untold(),
	"gateway.imagePullPolicy":    texts("Never", "always"),

	"gateway.cpuRequest": quantityTexts, "gateway.cpuLimit": quantityTexts, "gateway.memoryRequest": memoryTexts, "gateway.memoryLimit": memoryTexts,
	"gateway.ephemeralStorageRequest": memoryTexts, "gateway.ephemeralStorageLimit": memoryTexts,
	"gateway.storage.size": memoryTexts, "gateway.storage.grownTo": memoryTexts, "gateway.storage.className": subdomain,
	"gateway.storage.existingClaim":                  subdomain,
	"gateway.disruptionBudget.maxUnavailable":        countTexts,
	"gateway.disruptionBudget.minAvailable":          countTexts,
	"gateway.scheduling.nodeSelector{}":              labelValue,
	"gateway.scheduling.nodeSelector{name}":          labelKey,
	"gateway.scheduling.priorityClass":               subdomain,
	"gateway.scheduling.architectures[]":             nonsense,
	"gateway.scheduling.topologySpread.zone":         nonsense,
	"gateway.scheduling.topologySpread.node":         nonsense,
	"gateway.ipFamily":                               nonsense,
	"gateway.clustering.type":                        nonsense,
	"gateway.service.type":                           nonsense,
	"gateway.service.annotations{name}":              annotationKey,
	"gateway.service.sourceRanges[]":                 cidrTexts,
	"gateway.ingress.controller":                     nonsense,
	"gateway.ingress.className":                      subdomain,
	"gateway.ingress.hosts[]":                        hostTexts,
	"gateway.ingress.path":                           pathTexts,
	"gateway.ingress.tlsSecret":                      subdomain,
	"gateway.ingress.certificateArn":                 texts("x", "arn:aws:acm:eu-west-1:111122223333:certificate/a-b").on("aws-dev").with(albBeside...),
	"gateway.ingress.allowedCidrs[]":                 cidrTexts,
	"gateway.ingress.bodySize":                       texts("100 MB", "100Mi", "1.5m"),
	"gateway.ingress.annotations{name}":              annotationKey,
	"gateway.httpRoute.gateway":                      subdomain,
	"gateway.httpRoute.gatewayNamespace":             labelTexts,
	"gateway.httpRoute.section":                      subdomain,
	"gateway.httpRoute.hosts[]":                      hostTexts,
	"gateway.httpRoute.path":                         pathTexts,
	"gateway.httpRoute.annotations{name}":            annotationKey,
	"gateway.networkPolicy.from[].namespace":         labelTexts,
	"gateway.networkPolicy.from[].cidr":              cidrTexts,
	"gateway.networkPolicy.metricsFrom[].namespace":  labelTexts,
	"gateway.networkPolicy.metricsFrom[].cidr":       cidrTexts,
	"gateway.networkPolicy.from[].namespaceLabels{}": labelValue, "gateway.networkPolicy.from[].namespaceLabels{name}": labelKey,
	"gateway.networkPolicy.from[].podLabels{}": labelValue, "gateway.networkPolicy.from[].podLabels{name}": labelKey,
	"gateway.networkPolicy.metricsFrom[].namespaceLabels{}": labelValue, "gateway.networkPolicy.metricsFrom[].namespaceLabels{name}": labelKey,
	"gateway.networkPolicy.metricsFrom[].podLabels{}": labelValue, "gateway.networkPolicy.metricsFrom[].podLabels{name}": labelKey,
	"gateway.monitoring.interval":                  texts("soon", "30", "0s").with(monitoredBeside...),
	"gateway.monitoring.labels{}":                  labelValue.with(monitoredBeside...),
	"gateway.monitoring.labels{name}":              labelKey.with(monitoredBeside...),
	"gateway.monitoring.alertLabels{}":             labelValue.with(monitoredBeside...),
	"gateway.monitoring.alertLabels{name}":         labelKey.with(monitoredBeside...),
	"gateway.monitoring.basicAuth.username.secret": subdomain.with(monitoredBeside...),
	"gateway.monitoring.basicAuth.username.key":    dataKey.with(monitoredBeside...),
	"gateway.monitoring.basicAuth.password.secret": subdomain.with(monitoredBeside...),
	"gateway.monitoring.basicAuth.password.key":    dataKey.with(monitoredBeside...),
	"gateway.annotations{name}":                    annotationKey,
	"gateway.podLabels{}":                          labelValue,
	"gateway.podLabels{name}":                      labelKey,
	"gateway.podAnnotations{name}":                 annotationKey,

	"secrets.encryptionKey": texts("short", "aaaaaaaaaaaaaaaaaaaaaaaa").untold(),
	"secrets.adminPassword": texts(longerThan(72), "a\n").untold(),
	"secrets.env{name}":     texts("A B", "1A", "A=B", longerThan(253)).untold(),
	"secrets.ecsEnv{name}":  envName.untold().on("aws-dev"),
	"secrets.kubeconfig":    texts("a b", "[a, b]", "a: b: c").untold(),
	"secrets.registryKey":   texts("not a key", "{}", "AIzaSyA0").untold().on("local-dev"),

	"agreed.takenAway[]": nonsense,
	"agreed.adopted":     texts("pool", "a/b"),
}
