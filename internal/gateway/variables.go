package gateway

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Environment variables that the gateway reads of itself, whatever config.json says.
const (
	// LicenseVariable: Enterprise needs it from 2.0 on.
	LicenseVariable = "BIFROST_LICENSE"
	// EncryptionKeyVariable carries the key with which the gateway encrypts what it stores: the same in all processes, at all times.
	EncryptionKeyVariable = "BIFROST_ENCRYPTION_KEY"
	// SetupTokenVariable: whoever makes the first administrator must know it.
	SetupTokenVariable = "BIFROST_SETUP_TOKEN"
	// BrokerTokenVariable: nodes show it to the broker of their cluster. It is a name of ours, which cluster_config refers to.
	BrokerTokenVariable = "BIFROST_BROKER_TOKEN"
	// ModeVariable with ModeBroker makes the gateway's program a broker (Bifrost Enterprise, "Clustering", "Running the broker").
	ModeVariable = "BIFROST_MODE"
	ModeBroker   = "broker"
	// LogLevelVariable and LogStyleVariable: the image's entrypoint hands them to the program.
	LogLevelVariable = "LOG_LEVEL"
	LogStyleVariable = "LOG_STYLE"
	// DatabaseCaVariable names the file of authorities to the gateway's PostgreSQL driver, which then trusts these alone (libpq,
	// "Environment Variables").
	DatabaseCaVariable = "PGSSLROOTCERT"
	// CaDirVariable names a folder of authorities to Go's TLS, which trusts them beside the image's bundle: it replaces the folders where
	// systems keep single certificates, and not the file that holds them all (Go, crypto/x509, loadSystemRoots). SSL_CERT_FILE would
	// replace the bundle.
	CaDirVariable = "SSL_CERT_DIR"
	// MemoryLimitVariable is the soft memory limit of Go's runtime.
	MemoryLimitVariable = "GOMEMLIMIT"
)

// Variables of the administrator's login. The gateway reads them where config.json names them, and only there.
const (
	AdminUsernameVariable = "BIFROST_ADMIN_USERNAME"
	AdminPasswordVariable = "BIFROST_ADMIN_PASSWORD"
)

// Variables of migrations: with the first a process of the gateway migrates its database and ends, with the second a server does not
// migrate. Images that know neither start a server that migrates.
const (
	MigrateOnlyVariable = "BIFROST_MIGRATE_ONLY"
	NoMigrateVariable   = "BIFROST_NO_MIGRATE"
)

// Families of addresses.
const (
	IPv4 = "IPv4"
	IPv6 = "IPv6"

	// HostVariable is the address that the gateway listens on; by default 0.0.0.0, which is IPv4 alone.
	HostVariable = "APP_HOST"
	// AnyHost is the unspecified address of IPv6. It takes both families, so that checks on 127.0.0.1 go on.
	AnyHost = "::"
)

// LogLevels and LogStyles are what the program's flags -log-level and -log-style take.
var (
	LogLevels = []string{"debug", "info", "warn", "error"}
	LogStyles = []string{"json", "pretty"}
)

// SoftMemory is GOMEMLIMIT for a container that may have so much memory, in the same unit: 90 %, so that Go collects before the
// kernel kills.
func SoftMemory(limit int) int { return limit * 9 / 10 }

// WithMemoryLimit adds Go's soft memory limit to the plain variables, unless the caller sets one of his own.
func WithMemoryLimit(plain map[string]string, secret map[string]pulumi.StringInput, limit string) map[string]string {
	all := map[string]string{}
	if _, own := secret[MemoryLimitVariable]; !own {
		all[MemoryLimitVariable] = limit
	}
	maps.Copy(all, plain)
	return all
}

// ValidateEnv refuses names that are none of environment variables, and one that is both plain and secret.
func ValidateEnv(p *field.Path, plain map[string]string, secret map[string]pulumi.StringInput) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		errs = append(errs, check.EnvName(p.Child("env").Key(name), name)...)
		if _, both := secret[name]; both {
			errs = append(errs, field.Duplicate(p.Child("env").Key(name), name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		errs = append(errs, check.EnvName(p.Child("secretEnv").Key(name), name)...)
	}
	return errs
}

// ValidateMigration refuses variables that the migration's own would meet.
func ValidateMigration(p *field.Path, migrate bool, given map[string]bool) field.ErrorList {
	for _, name := range []string{MigrateOnlyVariable, NoMigrateVariable} {
		if migrate && given[name] {
			return field.ErrorList{field.Forbidden(p, "sets "+name+" itself; remove that variable, or this")}
		}
	}
	return nil
}

// ValidateIpFamily refuses other families, and a second word on where the gateway listens.
func ValidateIpFamily(p *field.Path, family string, given map[string]bool) field.ErrorList {
	errs := check.OneOf(p, family, IPv4, IPv6)
	if family != "" && given[HostVariable] {
		errs = append(errs, field.Forbidden(p, "says where the gateway listens, and "+HostVariable+" says it, too; remove one of them"))
	}
	return errs
}

// Given are the names of the variables that a gateway gets, in whichever way.
func Given[R any](plain map[string]string, secret map[string]pulumi.StringInput, references map[string]R) map[string]bool {
	all := map[string]bool{}
	for name := range plain {
		all[name] = true
	}
	for name := range secret {
		all[name] = true
	}
	for name := range references {
		all[name] = true
	}
	return all
}
