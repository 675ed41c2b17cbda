package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/windhover-go/windhover/sdk"
)

// A Customer is who sent a request: Authenticate makes it.
type Customer struct {
	ID    int64
	Name  string
	Admin bool
}

// A NewCustomer is who signs up.
type NewCustomer struct {
	Name string `json:"name"`
}

// A Welcome has the token that a customer authenticates with.
type Welcome struct {
	ID    int64  `json:"id"`
	Token string `json:"token"`
}

// SignUp makes a customer and a token, which nobody can ask for again.
func (s *Shop) SignUp(ctx context.Context, in sdk.JSON[NewCustomer], res sdk.Response) (Welcome, error) {
	res.ResponseFields().Set("Cache-Control", "no-store")
	return s.addCustomer(ctx, in.Name, false)
}

// addCustomer makes a customer. A token is the number of the customer and a
// secret of 128 bits or more; the database has the hash of that alone.
func (s *Shop) addCustomer(ctx context.Context, name string, admin bool) (w Welcome, err error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 {
		return w, ErrName
	}
	secret := rand.Text()
	hash := sha256.Sum256([]byte(secret))
	err = s.q.addCustomer.QueryRowContext(ctx, name, hash[:], admin).Scan(&w.ID)
	w.Token = strconv.FormatInt(w.ID, 10) + "." + secret
	return w, err
}

// Authenticate returns the customer whose token the field Authorization has
// (RFC 6750).
func (s *Shop) Authenticate(ctx context.Context, authorization sdk.Header[string], res sdk.Response) (Customer, error) {
	who, err := s.customerOf(ctx, authorization.Value)
	if errors.Is(err, sdk.ErrUnauthorized) {
		res.ResponseFields().Set("WWW-Authenticate", `Bearer realm="shop"`) // RFC 9110 section 11.6.1
	}
	return who, err
}

func (s *Shop) customerOf(ctx context.Context, credentials string) (who Customer, err error) {
	scheme, token, _ := strings.Cut(credentials, " ")
	number, secret, _ := strings.Cut(token, ".")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !strings.EqualFold(scheme, "Bearer") {
		return Customer{}, sdk.ErrUnauthorized
	}
	var want []byte
	err = s.q.customer.QueryRowContext(ctx, id).Scan(&who.ID, &who.Name, &who.Admin, &want)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Customer{}, err
	}
	got := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(got[:], want) != 1 {
		return Customer{}, sdk.ErrUnauthorized
	}
	return who, nil
}

// ErrNotAdmin says that only administrators may do that.
var ErrNotAdmin = sdk.NewError(403, "that is for administrators")

// RequireAdmin lets administrators pass.
func RequireAdmin(who Customer) error {
	if !who.Admin {
		return ErrNotAdmin
	}
	return nil
}
