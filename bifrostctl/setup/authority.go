package setup

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// authorityFile is where the authorities of Amazon RDS are kept, in the project's folder.
const authorityFile = "rds-ca.pem"

// caKey names the file of the database's authorities.
const caKey = "gateway.postgres.caFile"

// rdsBundle is where AWS publishes the authorities of a region's databases (Amazon RDS User Guide, "Using SSL/TLS to encrypt a
// connection", certificate bundles by AWS Region).
func rdsBundle(region string) string {
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		return fmt.Sprintf("https://truststore.pki.us-gov-west-1.rds.amazonaws.com/%[1]s/%[1]s-bundle.pem", region)
	case strings.HasPrefix(region, "cn-"):
		return fmt.Sprintf("https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/%[1]s/%[1]s-bundle.pem", region)
	}
	return fmt.Sprintf("https://truststore.pki.rds.amazonaws.com/%[1]s/%[1]s-bundle.pem", region)
}

// mostBundle is more than any bundle has, in bytes.
const mostBundle = 1 << 20

// fetchAuthorities returns the authorities that a URL has, in PEM.
func fetchAuthorities(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the certificate authorities of Amazon RDS: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBundle))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the answer is %s", url, answer.Status)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", url)
	}
	return text, nil
}

// notFetched is why the authorities are not there.
type notFetched struct {
	cause error
	url   string
}

func (e *notFetched) Error() string {
	return fmt.Sprintf("%v\nA proxy is taken from HTTPS_PROXY. By hand: save %s as %s beside Pulumi.yaml, and give --set %s=%[3]s in "+
		"place of --rds-ca. A PEM file of your own with the authorities of your database will do as well", e.cause, e.url, authorityFile,
		caKey)
}

func (e *notFetched) Unwrap() error { return e.cause }

// later says what stands in the stack file without the authorities, and how they come into it: nothing but a question was answered.
func (e *notFetched) later(self, stack, now string) string {
	return fmt.Sprintf("The certificate authorities of Amazon RDS were not fetched: %v\nA proxy is taken from HTTPS_PROXY. %s stays %s, "+
		"the example's placeholder, with which no database can be reached.\nLater: %s init %s --rds-ca\nBy hand: save %s as %s beside "+
		"Pulumi.yaml, or a PEM file of your own with the authorities of your database, and run\n  %[4]s init %[5]s --set %[2]s=%[7]s",
		e.cause, caKey, now, self, stack, e.url, authorityFile)
}

// takeAuthorities writes the authorities of the stack's region, and names their file.
func takeAuthorities(ctx context.Context, d *draft) error {
	aws := d.config().Aws
	if aws == nil || aws.Region == "" {
		return errors.New("--rds-ca: the databases of Amazon RDS are those of a region; set aws.region")
	}
	url := rdsBundle(aws.Region)
	text, err := fetchAuthorities(ctx, http.DefaultClient, url)
	if err != nil {
		return &notFetched{err, url}
	}
	if err := os.WriteFile(filepath.Join(d.dir, authorityFile), text, 0o644); err != nil {
		return err
	}
	return d.set(caKey + "=" + authorityFile)
}
