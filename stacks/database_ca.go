package stacks

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/check"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// loadDatabaseCa reads the authorities of the databases' certificates.
func (g *Gateway) loadDatabaseCa(dir string) field.ErrorList {
	p, name := field.NewPath("gateway", "postgres", "caFile"), g.Postgres.CaFile
	if name == "" {
		return nil
	}
	text, problem := readFile(dir, name, p)
	if problem != nil {
		return field.ErrorList{problem}
	}
	if wrong := checkAuthorities(text, time.Now()); wrong != "" {
		return field.ErrorList{field.Invalid(p, name, wrong)}
	}
	g.databaseCa = string(text)
	return nil
}

// placeholderAuthority is the organisation of the authority in the examples, which signs for nobody.
const placeholderAuthority = "Documentation"

// holdsPlaceholder tells whether a bundle is that of an example. It goes up on the sandbox, and no database in life.
func holdsPlaceholder(bundle string) bool {
	block, _ := pem.Decode([]byte(bundle))
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && slices.Contains(certificate.Subject.Organization, placeholderAuthority)
}

// checkAuthorities says what is wrong with a bundle of certificates; nothing where all is well.
func checkAuthorities(text []byte, now time.Time) string {
	found := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return fmt.Sprintf("holds a %s; keep nothing but the certificates of authorities in it", block.Type)
		}
		found++
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return fmt.Sprintf("certificate %d does not parse: %v", found, err)
		case now.After(certificate.NotAfter):
			return fmt.Sprintf("certificate %d, of %s, expired on %s; take it out, or get the bundle anew", found, certificate.Subject,
				certificate.NotAfter.UTC().Format(time.DateOnly))
		}
	}
	if found == 0 {
		return "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"
	}
	return ""
}

// validateDatabaseCa: one source, that every target can read, and no second word on it.
func (c *Config) validateDatabaseCa(k *checker) {
	p, pg := field.NewPath("gateway", "postgres"), &c.Gateway.Postgres
	sources := 0
	for _, given := range []bool{pg.CaFile != "", pg.CaConfigMap != nil, pg.CaSecret != nil} {
		if given {
			sources++
		}
	}
	if sources == 0 {
		return
	}
	if sources > 1 {
		k.add(field.Forbidden(p, "caFile, caConfigMap and caSecret say the same; keep one of them"))
	}
	if ref := pg.CaConfigMap; ref != nil {
		k.add(check.Subdomain(p.Child("caConfigMap", "name"), ref.Name)...)
		k.add(check.SecretKey(p.Child("caConfigMap", "key"), ref.Key)...)
	}
	if ref := pg.CaSecret; ref != nil {
		k.add(check.Subdomain(p.Child("caSecret", "secret"), ref.Secret)...)
		k.add(check.SecretKey(p.Child("caSecret", "key"), ref.Key)...)
	}
	for _, at := range c.targets() {
		if c.provided(at, gateway.DatabaseCaVariable) {
			k.add(field.Forbidden(p,
				fmt.Sprintf("%s says which authorities the gateway on %s trusts, and it takes one such file; remove it, or this",
					gateway.DatabaseCaVariable, at.name())))
		}
	}
	if c.Ecs == nil {
		return
	}
	for key, given := range map[string]bool{"caConfigMap": pg.CaConfigMap != nil, "caSecret": pg.CaSecret != nil} {
		if given {
			k.add(field.Forbidden(p.Child(key),
				"tasks of ECS cannot read an object of Kubernetes; write gateway.postgres.caFile, which serves both"))
		}
	}
	if size := len(c.Gateway.databaseCa); size > configjson.MaxSecretsManager {
		k.add(field.Invalid(p.Child("caFile"), fmt.Sprintf("%d bytes", size), fmt.Sprintf(
			"AWS Secrets Manager, which carries it to the tasks, takes %d; keep the authorities of the database's region alone: %s",
			configjson.MaxSecretsManager, rdsBundle(c.Aws.region()))))
	}
}

// region is empty where the object is missing, which is refused elsewhere.
func (a *Aws) region() string {
	if a == nil {
		return "REGION"
	}
	return a.Region
}

// databaseCaArgs are the authorities for pods.
func (c *Config) databaseCaArgs() *kubernetes.CaArgs {
	pg := &c.Gateway.Postgres
	if c.Gateway.databaseCa == "" && pg.CaConfigMap == nil && pg.CaSecret == nil {
		return nil
	}
	return &kubernetes.CaArgs{Pem: c.Gateway.databaseCa, ConfigMap: pg.CaConfigMap, Secret: pg.CaSecret}
}
