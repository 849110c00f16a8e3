package stacks_test

// freeTexts are keys of which no far end refuses a text, with the reason.
var freeTexts = map[string]string{
	"aws.profile":                     "the name of a section in files on the user's own machine",
	"ecs.env{}":                       "the value of a variable; their sizes are judged: TestDerivedTexts",
	"ecs.restart":                     "any text, whose change is the message; a label of Docker",
	"refresher.podAnnotations{}":      "annotations hold any text; their size is judged: TestDerivedTexts",
	"refresher.env{}":                 "the value of a variable; their sizes are judged: TestDerivedTexts",
	"gateway.env{}":                   "the value of a variable; their sizes are judged: TestDerivedTexts",
	"gateway.otel.serviceName":        "an attribute of OpenTelemetry, which is any text",
	"gateway.clustering.region":       "a name among the gateway's own processes",
	"gateway.service.annotations{}":   "annotations hold any text; their size is judged: TestDerivedTexts",
	"gateway.ingress.annotations{}":   "annotations hold any text; their size is judged: TestDerivedTexts",
	"gateway.httpRoute.annotations{}": "annotations hold any text; their size is judged: TestDerivedTexts",
	"gateway.annotations{}":           "annotations hold any text; their size is judged: TestDerivedTexts",
	"gateway.podAnnotations{}":        "annotations hold any text; their size is judged: TestDerivedTexts",
	"secrets.license":                 "the vendor's own form",
	"secrets.setupToken":              "compared as it is",
	"secrets.brokerToken":             "compared as it is; the broker is the vendor's own",
	"secrets.env{}":                   "the value of a variable; their sizes are judged: TestDerivedTexts",
	"secrets.ecsEnv{}":                "the value of a variable; their sizes are judged: TestDerivedTexts",
	"agreed.newPrincipals[]":          "compared with those that a stopped up named",
}

// freeBeside is what a free key makes sense with.
var freeBeside = map[string]refusedText{
	"gateway.otel.serviceName": texts().with(tracedBeside...),
	"secrets.ecsEnv{}":         texts().on("aws-dev"),
}

// otherJudges are keys that are held against their far end by a whole document's rules, with the place.
var otherJudges = map[string]string{
	"kubernetes.kubeconfigFile":           "a path, which is read when the gateway is deployed: TestReach",
	"kubernetes.context":                  "looked for in the kubeconfig when the gateway is deployed: TestReach",
	"gcp.credentialConfig{}":              "Google's document: validateCredentialConfig",
	"gcp.credentialConfig{name}":          "Google's document: validateCredentialConfig",
	"gateway.config{}":                    "config.json: the gateway's schema and its own rules",
	"gateway.config{name}":                "config.json: the gateway's schema and its own rules",
	"refresher.scheduling.tolerations[]":  "of the Kubernetes API, whose rules are applied: TestApiParts",
	"refresher.scheduling.affinity":       "of the Kubernetes API, whose rules are applied: TestApiParts",
	"refresher.extraEgress[]":             "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.scheduling.tolerations[]":    "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.scheduling.affinity":         "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.networkPolicy.extraEgress[]": "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.extraVolumes[]":              "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.extraVolumeMounts[]":         "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.extraContainers[]":           "of the Kubernetes API, whose rules are applied: TestApiParts",
	"gateway.initContainers[]":            "of the Kubernetes API, whose rules are applied: TestApiParts",
}
