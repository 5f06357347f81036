prelude
set_option autoImplicit false
set_option bootstrap.inductiveCheckResultingUniverse false
set_option bootstrap.genMatcherCode false
set_option genCtorIdx false
universe u v w
unsafe axiom lcProof {p : Prop} : p
unsafe axiom lcAny : Type
unsafe axiom lcErased : Type
unsafe axiom lcUnreachable {α : Sort u} : α
inductive True : Prop where
  | intro : True
inductive False : Prop
def Not (p : Prop) : Prop := p → False
inductive And (p q : Prop) : Prop where
  | intro (left : p) (right : q) : And p q
inductive Or (p q : Prop) : Prop where
  | inl (h : p) : Or p q
  | inr (h : q) : Or p q
inductive Eq {α : Sort u} : α → α → Prop where
  | refl (a : α) : Eq a a
inductive HEq {α : Sort u} : α → {β : Sort u} → β → Prop where
  | refl (a : α) : HEq a a
inductive Exists {α : Sort u} (p : α → Prop) : Prop where
  | intro (a : α) (h : p a) : Exists p
class inductive Nonempty (α : Sort u) : Prop where
  | intro (a : α) : Nonempty α
inductive Empty : Type
inductive Nat : Type where
  | zero : Nat
  | succ (n : Nat) : Nat
noncomputable def Nat.plus (m : Nat) : Nat → Nat := fun n => Nat.rec m (fun _ sum => Nat.succ sum) n
axiom propext {p q : Prop} (there : p → q) (back : q → p) : Eq p q
axiom Classical.choice {α : Sort u} (h : Nonempty α) : α
axiom sorryAx (α : Sort u) (synthetic : True) : α
