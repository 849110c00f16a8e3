package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretKeyRef is a key of an existing Secret in the gateway's namespace.
type SecretKeyRef struct {
	// Secret is the name of the Secret. Required.
	Secret string `pulumi:"secret"`
	// Key in the Secret. Required.
	Key string `pulumi:"key"`
}

// WorkloadStorageArgs keep the gateway's data folder, where SQLite has its files, on a volume: one process may use it.
type WorkloadStorageArgs struct {
	// Size of a new volume. Another size than before is refused, since a StatefulSet's claims do not follow it: see grownTo. Default 10Gi.
	Size string `pulumi:"size,optional"`
	// GrownTo is the size to which the claim was grown by hand; size stays as it is. Nothing is changed for it: `bifrostctl verify`
	// compares it with the claim. Default: size.
	GrownTo string `pulumi:"grownTo,optional"`
	// ClassName is the storage class of a new volume. Another class than before is refused. Default: the cluster's own.
	ClassName string `pulumi:"className,optional"`
	// ExistingClaim is mounted instead of a claim made here. It has a size and a class of its own. Between a claim made here and an
	// existing one the StatefulSet is made anew; both claims stay.
	ExistingClaim string `pulumi:"existingClaim,optional"`
}

// WorkloadAutoscalingArgs scale the Deployment by the load of its pods. Pods come at once and go slowly, because a stream of tokens ends
// with its pod.
type WorkloadAutoscalingArgs struct {
	// MinReplicas is the least number of pods, 1 to 1000. Required.
	MinReplicas int `pulumi:"minReplicas"`
	// MaxReplicas is the most pods, up to 1000. Required.
	MaxReplicas int `pulumi:"maxReplicas"`
	// CpuPercent is the use of the CPU to keep, in percent of the request. Default: 70, where memoryPercent is not given either.
	CpuPercent int `pulumi:"cpuPercent,optional"`
	// MemoryPercent is the use of the memory to keep, in percent of the request.
	MemoryPercent int `pulumi:"memoryPercent,optional"`
	// ScaleDownStabilizationSeconds is how long the load must have been low before a pod goes, at most 3600. Default 900.
	ScaleDownStabilizationSeconds int `pulumi:"scaleDownStabilizationSeconds,optional"`
	// ScaleDownPods is how many pods go in each period. Default 1.
	ScaleDownPods int `pulumi:"scaleDownPods,optional"`
	// ScaleDownPeriodSeconds is the length of a period, at most 1800. Default 300.
	ScaleDownPeriodSeconds int `pulumi:"scaleDownPeriodSeconds,optional"`
}

// WorkloadDisruptionBudgetArgs say how many pods may be gone while nodes are drained. Pods that are not ready may always be evicted.
type WorkloadDisruptionBudgetArgs struct {
	// MaxUnavailable is how many pods may be gone, a number or a percentage such as 50%, which Kubernetes rounds up. Give this or
	// minAvailable. Default: 1, without a disruptionBudget.
	MaxUnavailable string `pulumi:"maxUnavailable,optional"`
	// MinAvailable is how many pods must stay, a number or a percentage, which Kubernetes rounds up. One that keeps all pods, when there
	// are as few as there may be, is refused.
	MinAvailable string `pulumi:"minAvailable,optional"`
}

// WorkloadTopologySpreadArgs spread the pods of one revision. Values are ScheduleAnyway, DoNotSchedule and None.
type WorkloadTopologySpreadArgs struct {
	// Zone says how strictly the pods of one revision are spread over zones. Default ScheduleAnyway.
	Zone string `pulumi:"zone,optional"`
	// Node says how strictly they are spread over nodes. Default ScheduleAnyway.
	Node string `pulumi:"node,optional"`
}

// WorkloadSchedulingArgs say on which nodes the pods run. Nodes of Windows are never among them.
type WorkloadSchedulingArgs struct {
	// NodeSelector are the labels of the nodes on which pods may run. Default: any node.
	NodeSelector map[string]string `pulumi:"nodeSelector,optional"`
	// Tolerations let pods run on nodes with taints. Default: none.
	Tolerations corev1.TolerationArray `pulumi:"tolerations,optional"`
	// Affinity says near which nodes and pods a pod runs, and away from which. Default: none.
	Affinity corev1.AffinityPtrInput `pulumi:"affinity,optional"`
	// Architectures are the processors that the image is built for, amd64 and arm64: pods run on nodes with one of these alone. Default:
	// any.
	Architectures []string `pulumi:"architectures,optional"`
	// PriorityClass is the name of the pods' PriorityClass. Default: the cluster's own.
	PriorityClass string `pulumi:"priorityClass,optional"`
	// TopologySpread says how strictly the pods are spread over zones and nodes. It is not read with storage. Default: where possible.
	TopologySpread *WorkloadTopologySpreadArgs `pulumi:"topologySpread,optional"`
}

// WorkloadClusteringArgs let the pods find each other: cluster_config of config.json must say the same. They use port 10101 over TCP and
// UDP, and port 10102 over TCP.
type WorkloadClusteringArgs struct {
	// Discovery is how the pods find each other. With kubernetes they ask the API server, and may read the pods of their namespace. With
	// dns they look the name of the headless Service up. Default kubernetes.
	Discovery string `pulumi:"discovery,optional"`
}

// WorkloadServiceArgs are the gateway's Service.
type WorkloadServiceArgs struct {
	// Type of the Service. The gateway speaks HTTP: NodePort and LoadBalancer need allowHttp, or the annotation by which a load balancer
	// of AWS speaks TLS. Default ClusterIP.
	Type string `pulumi:"type,optional"`
	// Port of the Service. Default 80.
	Port int `pulumi:"port,optional"`
	// Annotations of the Service, such as those of a cloud's load balancer.
	Annotations map[string]string `pulumi:"annotations,optional"`
	// SourceRanges are the CIDRs that may use a load balancer. Required with type LoadBalancer, unless an annotation of the cloud makes it
	// internal; everybody is 0.0.0.0/0.
	SourceRanges []string `pulumi:"sourceRanges,optional"`
	// AllowHttp says that clear text between clients and this Service is meant. Default false.
	AllowHttp bool `pulumi:"allowHttp,optional"`
}

// WorkloadIngressArgs expose the gateway through an Ingress. TLS is required.
type WorkloadIngressArgs struct {
	// Controller is alb (AWS Load Balancer Controller), nginx (ingress-nginx, retired in March 2026), appRouting (NGINX of AKS'
	// application routing, which has support until November 2026) or gce (GKE's own). With alb, the namespace's label
	// elbv2.k8s.aws/pod-readiness-gate-inject=enabled lets rollouts wait for the load balancer. Required.
	Controller string `pulumi:"controller"`
	// ClassName is the class of the Ingress. Default: alb, nginx or webapprouting.kubernetes.azure.com, by the controller; none with gce.
	ClassName string `pulumi:"className,optional"`
	// Hosts are the DNS names, at least one. Required.
	Hosts []string `pulumi:"hosts"`
	// Path is a prefix: /, or one below which the gateway answers, such as /v1. It is served from / alone. Default /.
	Path string `pulumi:"path,optional"`
	// TlsSecret is an existing Secret of type kubernetes.io/tls, for nginx, appRouting and gce, which takes an annotation that names
	// certificates at Google, too (networking.gke.io/managed-certificates). Clients must speak HTTPS, unless allowHttp beside it is true.
	TlsSecret string `pulumi:"tlsSecret,optional"`
	// CertificateArn is the ARN of a certificate of AWS Certificate Manager, for the controller alb. Clients must speak HTTPS, unless
	// allowHttp beside it is true.
	CertificateArn string `pulumi:"certificateArn,optional"`
	// AllowHttp leaves TLS out. Default false.
	AllowHttp bool `pulumi:"allowHttp,optional"`
	// Public lets alb and gce make a load balancer that the internet reaches. The other controllers decide by their own Service. Default
	// false.
	Public bool `pulumi:"public,optional"`
	// AllowedCidrs are the CIDRs that may come in; everybody is 0.0.0.0/0. Required with public, and with nginx and appRouting, whose own
	// Service faces the internet unless somebody made it internal. With nginx and appRouting the address is the one that nginx sees: their
	// Service must keep the client's (externalTrafficPolicy Local). With gce it is 0.0.0.0/0, and a Cloud Armor policy keeps others out.
	// Default with alb and gce that are not public: all that reach it.
	AllowedCidrs []string `pulumi:"allowedCidrs,optional"`
	// StreamTimeoutSeconds is how long a stream may be silent, at most 4000 with alb. With gce the Service's BackendConfig says it. Default
	// 3600.
	StreamTimeoutSeconds int `pulumi:"streamTimeoutSeconds,optional"`
	// BodySize is nginx's limit of a request's body, such as 100m; 0 is none. ALB has no limit for targets that are pods. Default 100m.
	BodySize string `pulumi:"bodySize,optional"`
	// Annotations of the Ingress. They win over those that follow from the rest.
	Annotations map[string]string `pulumi:"annotations,optional"`
}

// WorkloadHttpRouteArgs expose the gateway through a Gateway of the Gateway API (HTTPRoute v1, of its standard channel). Its CRD must be
// there: `up` stops before the route where it is not.
type WorkloadHttpRouteArgs struct {
	// Gateway is the name of a Gateway of the Gateway API. Required.
	Gateway string `pulumi:"gateway"`
	// GatewayNamespace is the namespace of that Gateway. Default: the gateway's own.
	GatewayNamespace string `pulumi:"gatewayNamespace,optional"`
	// Section is the name of the Gateway's HTTPS listener. Without it the route joins every listener, HTTP too: that needs allowHttp.
	Section string `pulumi:"section,optional"`
	// AllowHttp says that a route without a section is meant. Default false.
	AllowHttp bool `pulumi:"allowHttp,optional"`
	// Hosts are the DNS names, at least one. Required.
	Hosts []string `pulumi:"hosts"`
	// Path is a prefix: /, or one below which the gateway answers, such as /v1. It is served from / alone. Default /.
	Path string `pulumi:"path,optional"`
	// RequestTimeoutSeconds is how long one request, streams included, may take. Default 3600.
	RequestTimeoutSeconds int `pulumi:"requestTimeoutSeconds,optional"`
	// Annotations of the route.
	Annotations map[string]string `pulumi:"annotations,optional"`
}

// NetworkPeer is who may connect: exactly one of a namespace (by its name), a CIDR, or labels of namespaces, of pods or of both.
type NetworkPeer struct {
	// Namespace is the name of a namespace whose pods may connect. Exactly one of namespace, cidr and labels says who may.
	Namespace string `pulumi:"namespace,optional"`
	// Cidr is a block of addresses that may connect.
	Cidr string `pulumi:"cidr,optional"`
	// NamespaceLabels are of the namespaces whose pods may connect: all of their pods, or those with podLabels.
	NamespaceLabels map[string]string `pulumi:"namespaceLabels,optional"`
	// PodLabels are of the pods that may connect. Without namespaceLabels they are in the gateway's own namespace.
	PodLabels map[string]string `pulumi:"podLabels,optional"`
}

// WorkloadNetworkPolicyArgs say who may reach the gateway and whom it reaches. It reaches DNS, HTTPS and the ports of databases anywhere
// but at the nodes' own services, such as instance metadata.
// Clustered pods reach each other, and the API server where they ask it for each other. With EKS Pod Identity the gateway reaches its
// agents.
type WorkloadNetworkPolicyArgs struct {
	// Disabled makes no policy. Default false.
	Disabled bool `pulumi:"disabled,optional"`
	// From are the clients that may use the gateway's port. Behind an ALB or a load balancer, name the clients or the balancer's subnets.
	// Default: the pods of the gateway's namespace, and those of the namespace where the ingress controller or the Gateway usually is.
	From []NetworkPeer `pulumi:"from,optional"`
	// FromAnywhere opens the gateway's port to everyone. It is refused with from. Default false.
	FromAnywhere bool `pulumi:"fromAnywhere,optional"`
	// MetricsFrom may use the gateway's port, too, such as Prometheus: metrics have no port of their own. Default: nobody else.
	MetricsFrom []NetworkPeer `pulumi:"metricsFrom,optional"`
	// DatabasePorts are the TCP ports of databases that the gateway may reach. Default: 5432, and none with storage.
	DatabasePorts []int `pulumi:"databasePorts,optional"`
	// Destinations are further addresses that the gateway may reach, such as an OpenTelemetry collector. Default: none.
	Destinations []NetworkDestination `pulumi:"destinations,optional"`
	// ExtraEgress are further rules of what the gateway may reach, in the words of the Kubernetes API. Default: none.
	ExtraEgress networkingv1.NetworkPolicyEgressRuleArray `pulumi:"extraEgress,optional"`
}

// NetworkDestination is a TCP port that pods may reach.
type NetworkDestination struct {
	// Peer is who listens there. Default: anybody but the nodes' own services.
	Peer *NetworkPeer `pulumi:"peer,optional"`
	// Port is the one behind a Service: policies do not see a Service's own. Required.
	Port int `pulumi:"port"`
}

// WorkloadMonitoringArgs let the Prometheus Operator scrape /metrics. Its CRD must be there: `up` stops before the ServiceMonitor where
// it is not.
type WorkloadMonitoringArgs struct {
	// Interval between two scrapes, such as 30s or 1m. Default 30s.
	Interval string `pulumi:"interval,optional"`
	// Labels by which a Prometheus picks its ServiceMonitors.
	Labels map[string]string `pulumi:"labels,optional"`
	// BasicAuth is the login of a gateway that asks for one, in keys of existing Secrets. Default: no login.
	BasicAuth *WorkloadBasicAuthArgs `pulumi:"basicAuth,optional"`
	// Login is such a login, of which a part may be kept in a Secret made here. It is refused with basicAuth. Default: no login.
	Login *WorkloadLoginArgs `pulumi:"login,optional"`
}

// WorkloadLoginArgs are a user and a password, of which either may be in an existing Secret already.
type WorkloadLoginArgs struct {
	// Username is the user, in plain text. Give this or usernameFrom.
	Username string `pulumi:"username,optional"`
	// UsernameFrom is the key of an existing Secret that has the user. Give this or username.
	UsernameFrom *SecretKeyRef `pulumi:"usernameFrom,optional"`
	// Password is the password, which is kept in a Secret made here. Give this or passwordFrom.
	Password pulumi.StringInput `pulumi:"password,optional"`
	// PasswordFrom is the key of an existing Secret that has the password. Give this or password.
	PasswordFrom *SecretKeyRef `pulumi:"passwordFrom,optional"`
}

// WorkloadBasicAuthArgs are a user and a password in existing Secrets.
type WorkloadBasicAuthArgs struct {
	// Username is the key of an existing Secret that has the user. Required.
	Username SecretKeyRef `pulumi:"username"`
	// Password is the key of an existing Secret that has the password. Required.
	Password SecretKeyRef `pulumi:"password"`
}

// WorkloadLogArgs are the gateway's own log.
type WorkloadLogArgs struct {
	// Level from which on there are lines. Default: the image's own.
	Level string `pulumi:"level,optional"`
	// Style of the lines. Default: the image's own.
	Style string `pulumi:"style,optional"`
}
