// Package gateway says once what is known of the gateway's image: its ports, its folders, its user, what it answers and how long it
// takes. Its variables are in variables.go; its config.json is package configjson's.
package gateway

// Ports of the gateway.
const (
	// Port serves the API, the dashboard, metrics and health, in clear.
	Port = 8080
	// GossipPort, over TCP and UDP, and GrpcPort, over TCP, join the members of a cluster (Bifrost Enterprise, "Clustering").
	GossipPort = 10101
	GrpcPort   = 10102
	// BrokerPort is where the broker of a cluster serves gRPC, in clear.
	BrokerPort = 50051
)

// Paths that the gateway serves. MetricsPath is closed as the administration is; HealthPath never is.
const (
	HealthPath  = "/health"
	MetricsPath = "/metrics"
)

// Files and folders in the image.
const (
	// DataDir must be writable, or the image's entrypoint exits.
	DataDir = "/app/data"
	// ConfigFile is the name of config.json in DataDir.
	ConfigFile = "config.json"
	// DatabaseCaFile is the name of the file of authorities, wherever it is put.
	DatabaseCaFile = "database-ca.pem"
	// NetworkCaFile is the name of the file of the network's authorities. It has a folder of its own, whose files are all read.
	NetworkCaFile = "network-ca.pem"
	// Uid is the user and group of the image's program.
	Uid = 1000
)

const (
	// DefaultPool is the number of connections that each process opens to each PostgreSQL store at most (max_open_conns of the schema).
	DefaultPool = 50
	// DefaultBrokerName is what the broker of a cluster is called.
	DefaultBrokerName = "bifrost-broker"
	// DefaultStartupSeconds are what a start may take, migrations of the database included: what the gateway waits for others that
	// migrate, and 90 s of its own.
	DefaultStartupSeconds = 450
	// ScheduleSeconds are what a pod or a task may take to find its place and to pull its image.
	ScheduleSeconds = 300
)

// LoadBalancerTlsPolicy is what AWS load balancers in front of the gateway speak: TLS 1.2 and 1.3 with forward secrecy (Elastic Load
// Balancing, "Security policies for your Application Load Balancer").
const LoadBalancerTlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
