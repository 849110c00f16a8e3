package main

// oneOf are the values of texts that take one of a few, where the source has no type for them.
var oneOf = map[string][]string{
	"stacks.Config.Platform":                     {"aws", "azure", "google", "kubernetes"},
	"stacks.Ecs.CpuArchitecture":                 {"X86_64", "ARM64"},
	"ecs.EcsLoadBalancerArgs.Scheme":             {"internal", "internet-facing"},
	"stacks.Gateway.ImagePullPolicy":             {"Always", "IfNotPresent"},
	"stacks.Gateway.IpFamily":                    {"IPv4", "IPv6"},
	"stacks.Otel.Protocol":                       {"grpc", "http"},
	"stacks.Otel.TraceType":                      {"genai_extension", "vercel", "open_inference"},
	"stacks.Clustering.Type":                     {"mesh", "broker"},
	"kubernetes.WorkloadLogArgs.Level":           {"debug", "info", "warn", "error"},
	"kubernetes.WorkloadLogArgs.Style":           {"json", "pretty"},
	"kubernetes.WorkloadServiceArgs.Type":        {"ClusterIP", "NodePort", "LoadBalancer"},
	"kubernetes.WorkloadIngressArgs.Controller":  {"alb", "nginx", "appRouting", "gce"},
	"kubernetes.WorkloadTopologySpreadArgs.Zone": {"ScheduleAnyway", "DoNotSchedule", "None"},
	"kubernetes.WorkloadTopologySpreadArgs.Node": {"ScheduleAnyway", "DoNotSchedule", "None"},
}
