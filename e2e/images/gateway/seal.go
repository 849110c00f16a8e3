package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// sealer encrypts what is secret in the config store. Without a key everything stands there in clear.
type sealer struct{ key string }

const sealed = "sealed:"

func (s sealer) cipher() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(s.key))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s sealer) seal(text string) (string, error) {
	if s.key == "" {
		return text, nil
	}
	c, err := s.cipher()
	if err != nil {
		return "", err
	}
	return sealed + base64.StdEncoding.EncodeToString(c.Seal(nil, nil, []byte(text), nil)), nil
}

func (s sealer) open(text string) (string, error) {
	coded, isSealed := strings.CutPrefix(text, sealed)
	if !isSealed {
		return text, nil
	}
	if s.key == "" {
		return "", errors.New("the value is encrypted and there is no encryption key")
	}
	data, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return "", err
	}
	c, err := s.cipher()
	if err != nil {
		return "", err
	}
	clear, err := c.Open(nil, nil, data, nil)
	return string(clear), err
}

// newVirtualKey is a value that nobody has.
func newVirtualKey() string { return virtualKeyPrefix + strings.ToLower(rand.Text()) }

const virtualKeyPrefix = "sk-bf-"
